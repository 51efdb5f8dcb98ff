package io.tersor.bench.conv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.CommandLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code bench conv}, run as a person would. */
class BenchConvCommandTest {
    @TempDir
    private Path folder;

    private static Outcome conv(String... arguments) {
        List<String> all = new ArrayList<>(List.of("bench", "conv", "--seconds", "0.01"));
        all.addAll(List.of(arguments));
        return CommandLine.tersor(all.toArray(new String[0]));
    }

    private String shapes(String text) throws IOException {
        return Files.writeString(folder.resolve("shapes.txt"), text).toString();
    }

    @Test
    void jsonHasARowForEachShapeTypeAndBackend() throws IOException {
        JsonNode rows = conv("--shapes", shapes("3 9 8 5 3 3 2 1 1 1 2\n8 6 6 8 3 3 1 1 1 8\n"), "--types",
                "u8s8u8,f32", "--backends", "scalar,auto", "--json").json();
        assertEquals(2 * 2 * 2, rows.size(), rows.toString());
        for (JsonNode row : rows) {
            assertEquals("conv", row.get("op").asString());
            assertEquals(row.get("groups").asInt() == 1 ? 2 : 1, row.get("count").asInt());
            double operations = row.get("groups").asInt() == 1 ? 2.0 * 5 * 4 * 5 * 27 : 2.0 * 36 * 8 * 9;
            assertEquals(operations / row.get("medianMicros").asDouble() * 1e-6, row.get("tops").asDouble(), 1e-9);
            assertTrue(row.get("verified").asBoolean());
            boolean scalar = row.get("backend").asString().equals("scalar");
            assertEquals(scalar, row.get("speedOverFirst").asDouble() == 1, row.toString());
        }
    }

    @Test
    void tablesEndWithTheWholeListWeightedByCounts() throws IOException {
        String file = shapes("3 9 8 5 3 3 2 1 1 1 2\n8 6 6 8 3 3 1 1 1 8 3\n");
        String text = conv("--shapes", file, "--types", "f32", "--backends", "scalar,vector").succeeded().out();
        assertTrue(text.contains("geometric mean") && text.contains("8x6x6 8 3x3 p1 g8"), text);
        List<String> totals = text.lines().dropWhile(line -> !line.startsWith("all of")).toList();
        assertEquals(3, totals.size(), text);
        assertTrue(totals.get(1).startsWith(file) && totals.get(1).endsWith("1.000 x"), text);
    }

    @Test
    void whatIsWrongIsNamed() throws IOException {
        conv("--shapes", "none.txt").failed(1, "none.txt", "resnet50");
        conv("--shapes", shapes("1 2 3\n")).failed(1, "shapes.txt, line 1", "dilation groups");
        conv("--shapes", shapes("3 9 8 5 3 3 2 1 1 2\n")).failed(1, "line 1", "groups");
        conv("--types", "u8u8u8").failed(1, "types", "u8u8u8");
        conv("--peer", "mkl").failed(2, "--peer", "mkl", "onednn-c");
        conv("--backends", "cuda").failed(2, "--backends", "cuda");
    }
}
