package io.tersor.model.exec;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMulSpec;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.model.pass.Passes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A backend without residuals and functions in its products gives the same results in more steps. */
class FusionTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final NetworkOptions SCALAR = NetworkOptions.DEFAULT.on(Backend.SCALAR);

    private final Random random = new Random(4);
    private final GraphBuilder b = Graph.builder("fusion", 20);
    private final Tensor x = TestGraphs.random(random, 1, 1, 4, 5, 3);

    /** Refuses residuals and functions. */
    private static final class Plain extends ScalarLike {
        @Override
        public Optional<String> refusal(KernelSpec spec) {
            boolean fused = switch (spec) {
                case MatMulSpec matMul -> matMul.residual().isPresent() || !matMul.activation().isClip();
                case Conv2dSpec conv -> conv.residual().isPresent() || !conv.activation().isClip();
                default -> false;
            };
            return fused ? Optional.of("plain products alone") : super.refusal(spec);
        }
    }

    private String start() {
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(4), Dim.of(5), Dim.of(3)));
        return "x";
    }

    private String pair(String value, float scale, int zeroPoint) {
        String s = b.constant("s", Tensor.ofFloats(ARENA, Shape.of(), scale));
        String z = b.constant("z", Tensor.ofBytes(ARENA, DataType.U8, Shape.of(), (byte) zeroPoint));
        return b.add("DequantizeLinear", b.add("QuantizeLinear", value, s, z), s, z);
    }

    private String weights() {
        Tensor values = Tensor.allocate(ARENA, DataType.S8, Shape.of(4, 4, 1, 1));
        for (long i = 0; i < values.shape().elements(); i++) {
            values.setLong(i, random.nextInt(255) - 127);
        }
        return b.add("DequantizeLinear", b.constant("w", values),
                b.constant("ws", Tensor.ofFloats(ARENA, Shape.of(), 0.01f)));
    }

    private String real() {
        return b.constant("w", TestGraphs.random(random, 0.5, 4, 4, 1, 1));
    }

    private record Result(float[] values, List<String> operators) {}

    private Result run(Graph graph, KernelRegistry registry) {
        try (Engine engine = new Engine(Passes.forExecution(graph), SCALAR, registry)) {
            Map<String, Tensor> outputs = engine.run(Map.of("x", x), ARENA);
            return new Result(outputs.get("y").toFloats(), engine.steps().stream().map(StepInfo::kernel)
                    .map(kernel -> kernel.replaceAll("scalar/|java/", "")).filter(kernel -> !kernel.startsWith("transpose"))
                    .toList());
        }
    }

    private void check(String result, float tolerance, List<String> whole, List<String> parts) {
        b.node(Node.of("y", "Identity", List.of(result), List.of("y"), Attributes.NONE));
        Graph graph = b.output("y").build();
        Result fused = run(graph, KernelRegistry.standard());
        Result plain = run(graph, new KernelRegistry(List.of(new Plain())));
        assertEquals(whole, fused.operators());
        assertEquals(parts, plain.operators());
        assertArrayEquals(fused.values(), plain.values(), tolerance);
    }

    @Test
    void realSumAndBounds() {
        check(b.add("Relu", b.add("Add", b.add("Conv", start(), real()), "x")), 0f, List.of("conv2d_f32f32f32"),
                List.of("conv2d_f32f32f32", "add_f32f32f32"));
    }

    @Test
    void realSumAndFunction() {
        check(b.add("HardSwish", b.add("Add", b.add("Conv", start(), real()), "x")), 0f, List.of("conv2d_f32f32f32"),
                List.of("conv2d_f32f32f32", "add_f32f32f32", "activation_f32"));
    }

    @Test
    void quantizedSumIsOneOfLevels() {
        String from = pair(start(), 0.025f, 117);
        String conv = pair(b.add("Conv", from, weights()), 0.05f, 120);
        check(pair(b.add("Add", conv, from), 0.06f, 110), 0.0601f,
                List.of("quantize_f32u8_nhwc", "conv2d_u8s8u8", "dequantize_u8f32"),
                List.of("quantize_f32u8_nhwc", "conv2d_u8s8u8", "add_u8u8u8", "dequantize_u8f32"));
    }

    @Test
    void quantizedResultOfAFunction() {
        check(pair(b.add("HardSwish", b.add("Conv", pair(start(), 0.025f, 117), weights())), 0.04f, 9), 0.0401f,
                List.of("quantize_f32u8_nhwc", "conv2d_u8s8u8", "dequantize_u8f32"),
                List.of("quantize_f32u8_nhwc", "conv2d_u8s8f32", "activation_f32", "quantize_f32u8", "dequantize_u8f32"));
    }

    @Test
    void realSumOfAQuantizedResidual() {
        String from = pair(start(), 0.025f, 117);
        check(pair(b.add("Add", b.add("Conv", from, weights()), from), 0.06f, 110), 0.0601f,
                List.of("quantize_f32u8_nhwc", "conv2d_u8s8u8", "dequantize_u8f32"), List.of("quantize_f32u8_nhwc",
                        "conv2d_u8s8f32", "dequantize_u8f32", "add_f32f32f32", "quantize_f32u8", "dequantize_u8f32"));
    }
}
