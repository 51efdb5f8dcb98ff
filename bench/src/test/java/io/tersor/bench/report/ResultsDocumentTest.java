package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.ResultsJson;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import io.tersor.bench.results.WorkloadName;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@code docs/results.md} describes the format as it is. */
class ResultsDocumentTest {
    private static final Path FILE = Path.of(System.getProperty("tersor.root"), "docs", "results.md");

    /** Each record has a section with a table of exactly its components, in their order. */
    @TestFactory
    Stream<DynamicTest> everyFieldIsDescribed() throws IOException {
        String text = Files.readString(FILE);
        return Stream.of(Results.class, Run.class, Machine.class, Limit.class, Row.class, Row.Share.class,
                WorkloadName.class, ContenderName.class, Estimate.class).map(type -> DynamicTest.dynamicTest(
                type.getSimpleName(), () -> {
                    Matcher section = Pattern.compile("^## " + type.getSimpleName() + "\\b.*?(?=^## |\\z)",
                            Pattern.MULTILINE | Pattern.DOTALL).matcher(text);
                    assertTrue(section.find(), "no section of " + type.getSimpleName());
                    List<String> fields = Pattern.compile("^\\| `(\\w+)` \\|", Pattern.MULTILINE)
                            .matcher(section.group()).results().map(field -> field.group(1)).toList();
                    assertEquals(Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList(),
                            fields);
                }));
    }

    @Test
    void theExampleIsOfTheFormat() throws IOException {
        Matcher example = Pattern.compile("```json\\R(.*?)```", Pattern.DOTALL).matcher(Files.readString(FILE));
        assertTrue(example.find());
        Results results = ResultsJson.MAPPER.readValue(example.group(1), Results.class);
        assertEquals(Results.SCHEMA, results.schema());
        assertEquals(1, results.rows().size());
    }

    @Test
    void everyStatusIsDescribed() throws IOException {
        String text = Files.readString(FILE);
        for (Row.Status status : Row.Status.values()) {
            assertTrue(text.contains("`" + status + "`"), status.name());
        }
    }
}
