package io.tersor.bench.product;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.gemm.GemmShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShapeFileTest {
    private static final ShapeFile<GemmShape> LISTS = GemmShape.LISTS;

    @TempDir
    private Path folder;

    @Test
    void linesCommentsAndCounts() throws IOException {
        Path file = Files.writeString(folder.resolve("shapes.txt"), """
                # heading
                1 2 3

                  40\t50   60 7   # forty
                """);
        assertEquals(List.of(new GemmShape(1, 2, 3), new GemmShape(40, 50, 60)), LISTS.read(file.toString()));
    }

    @Test
    void bundledLists() {
        assertEquals(List.of(6, 9, 16, 5, 1, 3, 1), LISTS.names().stream().map(name -> LISTS.read(name).size()).toList());
        assertEquals(new GemmShape(128, 768, 3072), LISTS.read("bert-base").get(1));
    }

    @Test
    void whatCannotBeUnderstoodIsNamed() throws IOException {
        refused("1 2 3\n4 5\n", "line 2", "4 5");
        refused("1 2 3 4 5", "line 1");
        refused("# only\n\n1 two 3", "line 3", "two");
        refused("1 0 3", "line 1", "1 to 1048576");
        refused("1048577 1 1", "line 1");
        refused("1048576 1 1048576", "line 1", "2^31 - 1");
        refused("1 99999999999 3", "line 1", "99999999999");
        refused("# nothing", "none");
        String missing = folder.resolve("missing.txt").toString();
        assertTrue(assertThrows(TersorException.class, () -> LISTS.read(missing)).getMessage().startsWith(missing));
        Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xC3, 0x28});
        assertThrows(TersorException.class, () -> LISTS.read(binary.toString()));
        assertThrows(TersorException.class, () -> LISTS.read(folder.toString()));
    }

    @Test
    void kindsAreToldApartByTheirNamesAndNumbers() throws IOException {
        List<ShapeFile<? extends ProductShape>> kinds = List.of(GemmShape.LISTS, ConvShape.LISTS);
        assertEquals(16, ShapeFile.readAny(kinds, "square-and-small").size());
        assertEquals(ConvShape.LISTS.read("resnet50"), ShapeFile.readAny(kinds, "resnet50"));
        Path gemm = Files.writeString(folder.resolve("gemm.txt"), "# m k n\n\n1 2 3 4\n");
        assertEquals(List.of(new GemmShape(1, 2, 3)), ShapeFile.readAny(kinds, gemm.toString()));
        Path conv = Files.writeString(folder.resolve("conv.txt"), "3 9 8 5 3 3 2 1 1 1\n");
        assertEquals(List.of(new ConvShape(3, 9, 8, 5, 3, 3, 2, 1, 1, 1, 1)),
                ShapeFile.readAny(kinds, conv.toString()));
        for (String text : List.of("", "1 2\n", "1 2 3 4 5")) {
            Path bad = Files.writeString(folder.resolve("bad.txt"), text);
            String message = assertThrows(TersorException.class, () -> ShapeFile.readAny(kinds, bad.toString()))
                    .getMessage();
            assertTrue(message.startsWith(bad.toString()) && message.contains("'m k n' or 'ic ih"), message);
        }
    }

    private static void refused(String text, String... parts) {
        String message = assertThrows(TersorException.class, () -> LISTS.parse("list.txt", text)).getMessage();
        assertTrue(message.startsWith("list.txt"), message);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }
}
