package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.Graph;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparsityReportTest {
    private static Graph network() {
        SmallNetwork net = new SmallNetwork();
        String first = net.relu(net.conv(net.input(3, 6, 6), 3, 64, 3, 1));
        return net.build(net.conv(net.relu(net.conv(first, 64, 96, 3, 1)), 96, 4, 1, 1));
    }

    private static SparsityReport.Layer second(Graph graph) {
        return SparsityReport.of(graph).layers().get(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"block=32x4,sparsity=0.7|32x4", "block=16x4,sparsity=0.5|16x4",
        "block=1x4,sparsity=0.8|1x4",
        "block=4x1,sparsity=0.8|4x1", "format=2:4|2:4", "format=1:4|1:4", "format=csr,sparsity=0.9|csr",
        "format=bitmask,sparsity=0.98|csr"})
    void findsWhatPruningMade(String options, String format) {
        Graph pruned = Recipe.parse("prune:" + options).apply(network());
        SparsityReport.Layer layer = second(pruned);
        assertEquals(Optional.of(SparseFormat.parse(format)), layer.detected(), layer::toString);
        assertTrue(layer.marked().isPresent());
        // What has lost its marks gets them back.
        Graph unmarked = network().toBuilder().initializer("w2", pruned.initializer("w2").orElseThrow()).build();
        assertEquals(Map.of("w2", SparseFormat.parse(format)), Recipe.parse("prune:format=keep").apply(unmarked)
                .sparsity());
    }

    @Test
    void quantizedWeightsShowTheSame() {
        Graph graph = network();
        Tensor samples = SmallNetwork.random(new Random(6), 4, 3, 6, 6);
        Calibration calibration = Calibration.of(graph, samples);
        for (String options : new String[] {"block=32x4,sparsity=0.7", "format=2:4", "format=bitmask,sparsity=0.8"}) {
            Graph pruned = Recipe.parse("prune:" + options).apply(graph);
            Graph quantized = Recipe.parse("sparse-int8:" + options).apply(graph, calibration);
            SparsityReport.Layer layer = second(quantized);
            assertEquals(DataType.S8, layer.type());
            assertEquals(Map.of("w2_quantized", layer.detected().orElseThrow()), quantized.sparsity());
            assertEquals(quantized.sparsity(), Recipe.parse("sparse-int8:format=keep").apply(
                    pruned.toBuilder().build(), calibration).sparsity());
        }
    }

    @Test
    void bytesAreThoseOfTheFormats() {
        // 96 x (9, 64) weights, of which the blocks kept take 32 x 4 values and a place of 2 bytes each.
        Graph pruned = Recipe.parse("prune:block=32x4,sparsity=0.75").apply(network());
        int others = 64 * 3 * 9 + 4 * 96;
        int kept = 3 * 9 * 16 / 4;
        WeightSizes real = WeightSizes.of(pruned, DataType.F32);
        assertEquals(4L * (96 * 64 * 9 + others), real.dense());
        assertEquals(4L * others + 4 * 4 + kept * (2L + 4 * 128), real.sparse().get(SparseFormat.block(32, 4)));
        assertEquals(real.own(), real.sparse().get(SparseFormat.block(32, 4)));
        assertEquals(null, real.sparse().get(SparseFormat.nOfM(2, 4)));
        WeightSizes integer = WeightSizes.of(pruned, DataType.S8);
        int scales = 4 * (64 + 96 + 4);
        assertEquals(96 * 64 * 9 + others + scales, integer.dense());
        assertEquals(others + scales + 4 * 4 + kept * (2L + 128), integer.own());
        // Quantized weights take the same.
        Graph graph = network();
        Graph quantized = Recipe.parse("sparse-int8:block=32x4,sparsity=0.75").apply(graph,
                Calibration.of(graph, SmallNetwork.random(new Random(6), 4, 3, 6, 6)));
        assertEquals(integer.dense(), WeightSizes.of(quantized, DataType.S8).dense());
        assertEquals(integer.own(), WeightSizes.of(quantized, DataType.S8).own());
        assertThrows(CompressException.class, () -> WeightSizes.of(quantized, DataType.F32));
    }

    @Test
    void denseWeightsShowNothing() {
        SparsityReport.Layer layer = second(network());
        assertEquals(1, layer.density());
        assertEquals(Optional.empty(), layer.detected());
        assertEquals(Optional.empty(), layer.nOfM());
        String message = assertThrows(CompressException.class, () -> Recipe.parse("prune:format=keep").apply(network()))
                .getMessage();
        assertTrue(message.contains("got none"), message);
    }
}
