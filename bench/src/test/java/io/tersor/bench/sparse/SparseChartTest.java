package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.sparse.SparseFormat;
import java.awt.image.BufferedImage;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

/** The files of charts are what their names say. */
class SparseChartTest {
    private static final GemmShape SHAPE = new GemmShape(100, 100, 100);
    private static final GemmShape OTHER = new GemmShape(10, 100, 100);
    private static final SparseFormat BLOCKS = SparseFormat.block(32, 4);

    @TempDir
    private Path folder;

    @Test
    void oneForAllShapesAndOneForEach() throws Exception {
        Path charts = folder.resolve("new").resolve("charts");
        List<Path> files = new SparseChart(charts).draw(List.of(SparseFiguresTest.row(SHAPE, BLOCKS, 0.5, 16),
                SparseFiguresTest.row(SHAPE, BLOCKS, 0.9, 4), SparseFiguresTest.row(SHAPE, SparseFormat.CSR, 0.5, 17),
                SparseFiguresTest.row(SHAPE, SparseFormat.nOfM(2, 4), 0.5, 6),
                SparseFiguresTest.row(OTHER, BLOCKS, 0.5, 16), SparseFiguresTest.row(OTHER, BLOCKS, 0.9, 4),
                SparseFiguresTest.row(OTHER, SparseFormat.CSR, 0.5, 17),
                SparseFiguresTest.row(OTHER, SparseFormat.nOfM(2, 4), 0.5, 6)));
        Set<String> names = new TreeSet<>();
        for (Path file : files) {
            names.add(file.getFileName().toString());
            if (file.toString().endsWith(".png")) {
                assertPng(file);
            } else {
                assertSvg(file);
            }
        }
        assertEquals(Set.of("sparse-u8s8u8.svg", "sparse-u8s8u8.png", "sparse-u8s8u8-100x100x100.svg",
                "sparse-u8s8u8-100x100x100.png", "sparse-u8s8u8-10x100x100.svg", "sparse-u8s8u8-10x100x100.png"),
                names);
    }

    /** It has more than a background: several colours, among them the mark's red. */
    private static void assertPng(Path file) throws Exception {
        BufferedImage image = ImageIO.read(file.toFile());
        assertTrue(image.getWidth() >= 600 && image.getHeight() >= 400, image.toString());
        Set<Integer> colours = new TreeSet<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                colours.add(image.getRGB(x, y));
            }
        }
        assertTrue(colours.size() > 10 && colours.contains(0xFFFF0000), file + ": " + colours.size() + " colours");
    }

    private static void assertSvg(Path file) throws Exception {
        DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
        // The document type names a file of the network.
        builder.setEntityResolver((_, _) -> new InputSource(new StringReader("")));
        Element root = builder.parse(file.toFile()).getDocumentElement();
        assertEquals("svg", root.getLocalName() == null ? root.getNodeName() : root.getLocalName());
        assertTrue(root.getElementsByTagName("*").getLength() > 20, "elements of " + file);
    }

    @Test
    void aFolderThatCannotBeMadeIsRefusedBeforeTheWork() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        String message = assertThrows(TersorException.class, () -> new SparseChart(file.resolve("charts")))
                .getMessage();
        assertTrue(message.contains("--chart") && message.contains("charts"), message);
    }
}
