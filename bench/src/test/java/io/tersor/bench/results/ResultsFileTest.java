package io.tersor.bench.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Files of results: read as they were written, refused where something is amiss, whole or not there. */
class ResultsFileTest {
    @TempDir
    private Path folder;

    private Path written() {
        Path file = folder.resolve("results.json");
        SampleResults.results().write(file);
        return file;
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        assertEquals(SampleResults.results(), Results.read(written()));
        try (var files = Files.list(folder)) {
            assertEquals(List.of("results.json"), files.map(file -> file.getFileName().toString()).toList());
        }
        Path plain = Files.createFile(folder.resolve("plain"));
        assertEquals(Files.getPosixFilePermissions(plain), Files.getPosixFilePermissions(written()),
                "others may read it as any file");
        assertTrue(Files.readString(written()).endsWith("}\n"));
    }

    @Test
    void aFileThatCannotBeReplacedStays() throws IOException {
        Path occupied = Files.createDirectories(folder.resolve("results.json/in-it")).getParent();
        TersorException refused = assertThrows(TersorException.class, () -> SampleResults.results().write(occupied));
        assertTrue(refused.getMessage().startsWith(occupied + ": cannot be written"), refused.getMessage());
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count(), "nothing half-written stays");
        }
        Path nowhere = folder.resolve("nowhere/results.json");
        assertThrows(TersorException.class, () -> SampleResults.results().write(nowhere));
        assertFalse(Files.exists(nowhere.getParent()));
    }

    @Test
    void aFileThatIsCutOffIsRefused() throws IOException {
        Path file = written();
        String text = Files.readString(file);
        for (int length = 0; length < text.length() - 2; length += 97) {
            Files.writeString(file, text.substring(0, length));
            refused(file, file.toString());
        }
        refused(folder.resolve("missing.json"), "missing.json: no such file");
        refused(folder, folder.toString());
    }

    private static void refused(Path file, String... parts) {
        TersorException refused = assertThrows(TersorException.class, () -> Results.read(file));
        assertEquals(1, refused.getMessage().lines().count(), refused.getMessage());
        for (String part : parts) {
            assertTrue(refused.getMessage().contains(part), refused.getMessage());
        }
    }

    @Test
    void anotherSchemaAndUnknownFieldsAreRefused() throws IOException {
        Path file = written();
        String text = Files.readString(file);
        Files.writeString(file, text.replaceFirst("\"schema\" : 1", "\"schema\" : 2"));
        refused(file, "results.json: expected schema 1, got 2");
        Files.writeString(file, text.replaceFirst("\"date\"", "\"when\" : 1, \"date\""));
        refused(file, "results.json", "run.when");
        Files.writeString(file, text.replaceFirst("\"MEASURED\"", "\"GUESSED\""));
        refused(file, "results.json", "rows[0].status", "GUESSED");
        Files.writeString(file, text.replaceFirst("\"rate\" : [^,}\n]*", "\"rate\" : \"much\""));
        refused(file, "results.json", "limits[0].rate", "much");
        for (String other : List.of("null", "[]", "3", "{} {}", "{}")) {
            Files.writeString(file, other);
            refused(file, "results.json");
        }
    }

    /** Each field that is always there is taken away once. */
    @TestFactory
    List<DynamicTest> missingFieldsAreNamed() throws IOException {
        String text = Files.readString(written());
        Set<String> optional = Set.of("commit", "reason", "kernel", "isa", "micros", "limit");
        return fields(ResultsJson.MAPPER.readTree(text), "").stream()
                .filter(field -> !optional.contains(field.substring(field.lastIndexOf('/') + 1))
                        || field.equals("/machine/isa"))
                .filter(field -> !field.matches("/versions/.*|.*/(parameters|speeds|details)/[^/]*"))
                .map(field -> DynamicTest.dynamicTest(field, () -> {
                    JsonNode tree = ResultsJson.MAPPER.readTree(text);
                    int end = field.lastIndexOf('/');
                    ((ObjectNode) tree.at(field.substring(0, end))).remove(field.substring(end + 1));
                    Path file = Files.writeString(folder.resolve("without.json"), tree.toString());
                    refused(file, "without.json", field.substring(end + 1));
                })).toList();
    }

    /** Pointers to all fields, of lists those of the first element. */
    private static Set<String> fields(JsonNode node, String place) {
        Set<String> fields = new HashSet<>();
        switch (node) {
            case ObjectNode object -> object.properties().forEach(field -> {
                String name = place + "/" + field.getKey();
                fields.add(name);
                fields.addAll(fields(field.getValue(), name));
            });
            case ArrayNode array when !array.isEmpty() -> fields.addAll(fields(array.get(0), place + "/0"));
            default -> { }
        }
        return fields;
    }
}
