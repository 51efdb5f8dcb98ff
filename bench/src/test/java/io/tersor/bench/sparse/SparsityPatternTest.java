package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparsityPatternTest {
    private static final String GOOD = "3, 4, 5\n0 2 2 5\n1 3 0 1 2\n";

    @TempDir
    private Path folder;

    @Test
    void rowsAreOutputs() {
        SparsityPattern pattern = SparsityPattern.parse("layer", GOOD);
        assertEquals(1 - 5.0 / 12, pattern.sparsity());
        try (ProductWorkload workload = new GemmShape(2, 4, 3).workload(ProductTypes.S8S8S8, pattern)) {
            Tensor weights = workload.weights();
            int[] kept = {0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0};
            for (int i = 0; i < kept.length; i++) {
                assertEquals(kept[i] != 0, weights.get(i) != 0, "[k, n] element " + i);
            }
        }
    }

    @Test
    void noEntriesAtAll() {
        for (String text : List.of("2, 3, 0\n0 0 0\n\n", "2, 3, 0\n0 0 0\n", "2, 3, 0\r\n0 0 0")) {
            SparsityPattern pattern = SparsityPattern.parse("empty", text);
            assertEquals(1, pattern.sparsity());
            assertArrayEquals(new int[3], pattern.offsets());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "3, 4\\n0 2 2 5\\n1 3 0 1 2|rows, cols, nnz",
        "3, 4, 5|lines",
        "''|lines",
        "3, 4, 5\\n0 2 2 5\\n1 3 0 1 2\\n7|lines",
        "3, 4, 5\\n0 2 5\\n1 3 0 1 2|row offsets: expected 4 numbers, got 3",
        "3, 4, 5\\n0 2 2 5\\n1 3 0 1|column indices: expected 5 numbers, got 4",
        "3, 4, 5\\n0 2 2 5|column indices: expected 5 numbers, got 0",
        "3, 4, 5\\n1 2 2 5\\n1 3 0 1 2|row offsets: expected 0 to 5",
        "3, 4, 5\\n0 2 2 4\\n1 3 0 1 2|row offsets: expected 0 to 5",
        "3, 4, 5\\n0 3 2 5\\n0 1 3 0 1|rising",
        "3, 4, 5\\n0 9 2 5\\n0 1 3 0 1|rising",
        "3, 4, 5\\n0 2 2 5\\n3 1 0 1 2|row 0: expected rising",
        "3, 4, 5\\n0 2 2 5\\n1 1 0 1 2|row 0: expected rising",
        "3, 4, 5\\n0 2 2 5\\n1 4 0 1 2|below 4",
        "3, 4, 5\\n0 2 2 5\\n1 -3 0 1 2|numbers from 0",
        "3, 4, 5\\n0 2 2 5\\n1 x 0 1 2|a number, got 'x'",
        "3, 4, 5\\n0 2 2 5\\n1 99999999999 0 1 2|a number",
        "3, 4, 13\\n0 2 2 13\\n1|no more entries",
        "0, 4, 0\\n0\\n|rows and columns",
        "1048577, 4, 0\\n0\\n|1 to 1048576",
        "1048576, 1048576, 2147483647\\n0\\n|row offsets: expected 1048577 numbers, got 1",
        "1, 1048576, 1048576\\n0 1048576\\n1|expected 1048576 numbers, got 1"})
    void hostileTextsAreRefused(String text, String part) {
        String message = assertTimeout(Duration.ofSeconds(2), () -> assertThrows(TersorException.class,
                () -> SparsityPattern.parse("bad", text.replace("\\n", "\n")))).getMessage();
        assertTrue(message.startsWith("bad: ") && message.contains(part), message);
    }

    @Test
    void filesAndFolders() throws IOException {
        Files.writeString(folder.resolve("b.smtx"), GOOD);
        Files.writeString(folder.resolve("a.smtx"), GOOD);
        Files.writeString(folder.resolve("c.txt"), "no pattern");
        assertEquals(List.of("a", "b"), SparsityPattern.read(folder).stream().map(SparsityPattern::name).toList());
        assertEquals("b", SparsityPattern.read(folder.resolve("b.smtx")).getFirst().name());
        refused(folder.resolve("c.txt"), "c.txt");
        refused(folder.resolve("missing.smtx"), "missing.smtx");
        refused(Files.createDirectory(folder.resolve("none")), "*.smtx");
        refused(Files.write(folder.resolve("d.smtx"), new byte[] {(byte) 0xC3, 0x28}), "UTF-8");
    }

    private static void refused(Path file, String part) {
        String message = assertThrows(TersorException.class, () -> SparsityPattern.read(file)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
