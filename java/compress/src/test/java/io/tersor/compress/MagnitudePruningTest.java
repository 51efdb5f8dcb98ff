package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MagnitudePruningTest {
    private static Graph product(Tensor weights) {
        SmallNetwork net = new SmallNetwork();
        String x = net.input(weights.shape().dim(0));
        net.builder.initializer("w", weights);
        return net.build(net.builder.add("MatMul", x, "w"));
    }

    private static float[] pruned(Graph graph, String options) {
        return Recipe.parse("prune:" + options + ",keep=none").apply(graph).initializer("w").orElseThrow().toFloats();
    }

    private static Tensor tensor(Shape shape, float... values) {
        return Tensor.ofFloats(SmallNetwork.ARENA, shape, values);
    }

    @Test
    void theSmallestEntriesGo() {
        Graph graph = product(tensor(Shape.of(2, 4), 5, -1, 3, 0.5f, -4, 2, 7, -6));
        assertArrayEquals(new float[] {5, 0, 3, 0, -4, 0, 7, -6}, pruned(graph, "format=csr,sparsity=0.4"));
        assertEquals(Map.of("w", SparseFormat.BITMASK),
                Recipe.parse("prune:format=bitmask,sparsity=0.4,keep=none").apply(graph).sparsity());
    }

    @Test
    void ofEqualsTheFirstGo() {
        // [k, n]: outputs are columns, so that the order is by columns.
        assertArrayEquals(new float[] {0, 1, 0, 1}, pruned(product(tensor(Shape.of(2, 2), 1, 1, -1, 1)),
                "format=csr,sparsity=0.5"));
        assertArrayEquals(new float[] {1, -1, 0, 0}, pruned(product(tensor(Shape.of(4, 1), 1, -1, 1, 1)), "format=2:4"));
    }

    @Test
    void blocksGoByTheirNormPerEntry() {
        // One output of 6 inputs: blocks of four and of the two that are left, sums 4.4 and 3, means 1.1 and 1.5.
        Graph graph = product(tensor(Shape.of(6, 1), 1.1f, 1.1f, 1.1f, 1.1f, 1.5f, 1.5f));
        assertArrayEquals(new float[] {0, 0, 0, 0, 1.5f, 1.5f}, pruned(graph, "block=1x4,sparsity=0.5"));
    }

    @Test
    void normsDiffer() {
        Graph graph = product(tensor(Shape.of(4, 1), 3, 0, 2, 2));
        assertArrayEquals(new float[] {0, 0, 2, 2}, pruned(graph, "block=1x2,sparsity=0.5,norm=l1"));
        assertArrayEquals(new float[] {3, 0, 0, 0}, pruned(graph, "block=1x2,sparsity=0.5,norm=l2"));
    }

    @Test
    void nOfMKeepsTheLargestOfEachGroup() {
        Graph graph = product(tensor(Shape.of(7, 1), 1, -3, 2, 0.5f, 9, 8, 7));
        assertArrayEquals(new float[] {0, -3, 2, 0, 9, 8, 0}, pruned(graph, "format=2:4"));
        assertArrayEquals(new float[] {0, -3, 0, 0, 9, 0, 0}, pruned(graph, "format=1:4"));
    }

    @Test
    void blocksStayInTheirTap() {
        SmallNetwork net = new SmallNetwork();
        String y = net.conv(net.input(6, 5, 5), 6, 8, 3, 1);
        Graph graph = Recipe.parse("prune:block=4x4,sparsity=0.5,keep=none").apply(net.build(y));
        Tensor weights = graph.initializer("w1").orElseThrow();
        int zeroBlocks = 0;
        for (int tap = 0; tap < 9; tap++) {
            for (int row = 0; row < 8; row += 4) {
                for (int column = 0; column < 6; column += 4) {
                    List<Boolean> zeros = new ArrayList<>();
                    for (int o = row; o < row + 4; o++) {
                        for (int i = column; i < Math.min(6, column + 4); i++) {
                            zeros.add(weights.get((o * 6 + i) * 9 + tap) == 0);
                        }
                    }
                    assertEquals(1, zeros.stream().distinct().count(), "a block is zero as a whole");
                    zeroBlocks += zeros.getFirst() ? 1 : 0;
                }
            }
        }
        assertEquals(18, zeroBlocks);
    }

    @ParameterizedTest
    @CsvSource({"32x4, 0.8", "16x4, 0.7", "1x4, 0.9", "4x1, 0.35", "16x64, 0.5", "csr, 0.95", "bitmask, 0.8"})
    void theShareIsReached(String format, double sparsity) {
        Graph graph = product(SmallNetwork.random(new Random(2), 130, 67));
        Graph pruned = Recipe.parse("prune:format=" + format + ",sparsity=" + sparsity + ",keep=none").apply(graph);
        WeightLayer layer = WeightLayer.of(pruned).getFirst();
        SparseFormat parsed = SparseFormat.parse(format);
        UnitGrid grid = parsed instanceof SparseFormat.Block(int r, int c) ? layer.grid(r, c) : layer.grid(1, 1);
        assertEquals(grid.count() - Math.round(sparsity * grid.count()), grid.used(layer.elements()));
        assertEquals(Map.of("w", parsed), pruned.sparsity());
    }

    @Test
    void layersShareAThresholdOrNot() {
        SmallNetwork net = new SmallNetwork();
        String x = net.input(2);
        net.builder.initializer("w", tensor(Shape.of(2, 2), 1, 2, 3, 4));
        net.builder.initializer("v", tensor(Shape.of(2, 2), 5, 6, 7, 8));
        Graph graph = net.build(net.builder.add("MatMul", net.builder.add("MatMul", x, "w"), "v"));
        Graph each = Recipe.parse("prune:format=csr,sparsity=0.5,keep=none").apply(graph);
        assertArrayEquals(new float[] {0, 0, 3, 4}, sorted(each, "w"));
        assertArrayEquals(new float[] {0, 0, 7, 8}, sorted(each, "v"));
        Graph all = Recipe.parse("prune:format=csr,sparsity=0.5,keep=none,scope=global").apply(graph);
        assertArrayEquals(new float[] {0, 0, 0, 0}, sorted(all, "w"));
        assertArrayEquals(new float[] {5, 6, 7, 8}, sorted(all, "v"));
    }

    private static float[] sorted(Graph graph, String name) {
        float[] values = graph.initializer(name).orElseThrow().toFloats();
        Arrays.sort(values);
        return values;
    }

    @ParameterizedTest
    @CsvSource({"first+last, w2 w3 w5 w6", "first, w2 w3 w5 w6 w7", "last, w1 w2 w3 w5 w6", "none, w1 w2 w3 w5 w6 w7"})
    void endsAndDepthwiseConvolutionsStay(String keep, String pruned) {
        Graph graph = SmallNetwork.residual();
        Graph result = Recipe.parse("prune:block=1x4,sparsity=0.5,keep=" + keep).apply(graph);
        List<String> names = List.of(pruned.split(" "));
        assertEquals(names, List.copyOf(result.sparsity().keySet()));
        graph.initializers().forEach((name, tensor) -> {
            if (!names.contains(name)) {
                assertSame(tensor, result.initializer(name).orElseThrow(), name);
            }
        });
    }

    @Test
    void weightsThatSomethingElseReadsStay() {
        SmallNetwork net = new SmallNetwork();
        String x = net.input(4);
        net.builder.initializer("w", SmallNetwork.random(new Random(1), 4, 4));
        Graph graph = net.build(net.builder.add("Concat", List.of(net.builder.add("MatMul", x, "w"), "w"),
                Attributes.NONE.with("axis", 0)));
        String message = assertThrows(CompressException.class,
                () -> Recipe.parse("prune:format=csr,sparsity=0.5,keep=none").apply(graph)).getMessage();
        assertTrue(message.contains("got none"), message);
    }

    @Test
    void batchNormalizationsAreFoldedFirst() {
        SmallNetwork net = new SmallNetwork();
        net.builder.initializer("w", tensor(Shape.of(2, 1, 1, 1), 2, 1));
        String conv = net.builder.add("Conv", net.input(1, 2, 2), "w");
        net.builder.initializer("zero", tensor(Shape.of(2), 0, 0)).initializer("one", tensor(Shape.of(2), 1, 1))
                .initializer("scale", tensor(Shape.of(2), 0.1f, 1));
        Graph graph = net.build(net.builder.add("BatchNormalization", conv, "scale", "zero", "zero", "one"));
        Graph pruned = Recipe.parse("prune:format=csr,sparsity=0.5,keep=none").apply(graph);
        WeightLayer layer = WeightLayer.of(pruned).getFirst();
        assertEquals(0, layer.elements()[0]);
        assertEquals(Map.of(layer.weights(), SparseFormat.CSR), pruned.sparsity());
    }

    @ParameterizedTest
    @ValueSource(strings = {"NaN", "Infinity"})
    void weightsThatAreNoNumbersAreRefused(float value) {
        Graph graph = product(tensor(Shape.of(2, 2), 1, value, 3, 4));
        for (String options : List.of("format=csr,sparsity=0.5", "format=1:2")) {
            String message = assertThrows(CompressException.class, () -> pruned(graph, options)).getMessage();
            assertTrue(message.contains("w") && message.contains("finite"), message);
        }
    }

    @Test
    void aNetworkOfOneLayerHasOnlyEnds() {
        Graph graph = product(tensor(Shape.of(2, 2), 1, 2, 3, 4));
        String message = assertThrows(CompressException.class,
                () -> Recipe.parse("prune:format=csr,sparsity=0.5").apply(graph)).getMessage();
        assertTrue(message.contains("first+last"), message);
    }
}
