package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.model.pass.Passes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizedNetworkTest {
    private static final Tensor IMAGES = TestGraphs.random(new Random(11), 1, 8, 3, 13, 11);

    private static Graph quantized() {
        return QdqForm.of(Passes.simplify(TestGraphs.residual()), Map.of("x", IMAGES));
    }

    @Test
    void everyLayerBetweenTheBordersIsAnIntegerKernel() {
        try (PreparedNetwork network = Network.of(quantized()).prepare(Backend.SCALAR)) {
            List<StepInfo> steps = network.kernels();
            assertEquals(List.of("QuantizeLinear", "io.tersor.QConv", "MaxPool", "io.tersor.QConv",
                    "io.tersor.QConv", "io.tersor.QConv", "io.tersor.QConv",
                    "io.tersor.QGlobalAveragePool", "io.tersor.QMatMul").stream().sorted().toList(),
                    steps.stream().map(StepInfo::operator).sorted().toList());
            assertTrue(steps.subList(0, steps.size() - 1).stream().allMatch(step -> step.type() == DataType.U8),
                    steps::toString);
        }
    }

    @Test
    void resultIsNearTheRealOne() {
        float[] real = TestGraphs.run(TestGraphs.residual(), NetworkOptions.DEFAULT.on(Backend.SCALAR), IMAGES);
        float[] integer = TestGraphs.run(quantized(), NetworkOptions.DEFAULT.on(Backend.SCALAR), IMAGES);
        assertArrayEquals(real, integer, 0.15f);
    }

    @ParameterizedTest
    @EnumSource(names = {"VECTOR", "NATIVE", "ONEDNN"})
    void backendsAgree(Backend backend) {
        Assumptions.assumeTrue(KernelRegistry.standard().status(backend) instanceof BackendStatus.Available,
                () -> backend + " is missing here");
        float[] scalar = TestGraphs.run(quantized(), NetworkOptions.DEFAULT.on(Backend.SCALAR), IMAGES);
        NetworkOptions ordered = NetworkOptions.DEFAULT.on(backend);
        if (KernelRegistry.standard().status(backend) instanceof BackendStatus.Available(var _, var _, var isa, var _)
                && backend == Backend.ONEDNN && isa.equals("avx2")) {
            // Its sums would saturate: an order for it must fail, not be answered by wrong sums.
            assertThrows(UnsupportedKernelException.class, () -> TestGraphs.run(quantized(), ordered, IMAGES));
            return;
        }
        float[] other = TestGraphs.run(quantized(), ordered, IMAGES);
        assertArrayEquals(scalar, other, backend == Backend.ONEDNN ? 0.1f : 0f);
    }

    @Test
    void writtenAndReadItIsTheSame(@TempDir Path folder) {
        Graph graph = quantized();
        graph.save(folder.resolve("qdq.onnx"));
        Graph read = Graph.load(folder.resolve("qdq.onnx"));
        assertArrayEquals(TestGraphs.run(graph, NetworkOptions.DEFAULT.on(Backend.SCALAR), IMAGES),
                TestGraphs.run(read, NetworkOptions.DEFAULT.on(Backend.SCALAR), IMAGES));
    }
}
