package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/** Resizes images as NHWC, behind a pooling that changes nothing, and as NCHW. */
final class ResizeLayouts {
    private ResizeLayouts() {}

    private static float[] run(Backend backend, Attributes attributes, Tensor scales, Tensor x, boolean nhwc) {
        GraphBuilder b = Graph.builder("resize", 18);
        b.input(ValueInfo.of("x", DataType.F32, x.shape()));
        String images = nhwc ? b.add("Conv", List.of("x", b.constant("ones", ones(x.shape().dim(1)))),
                Attributes.NONE.with("group", x.shape().dim(1))) : "x";
        String resized = b.add("Resize", List.of(images, "", b.constant("scales", scales)), attributes);
        try (PreparedNetwork network = Network.of(b.output(resized).build()).prepare(backend);
                Arena arena = Arena.ofConfined()) {
            float[] values = network.run(x, arena).toFloats();
            // The extents differ.
            long channels = (long) Math.floor(x.shape().dim(1) * scales.get(1));
            boolean inNhwc = network.kernels().stream().anyMatch(step -> step.operator().equals("Resize")
                    && step.shape().dim(-1) == channels);
            assertTrue(inNhwc == nhwc, network.kernels().toString());
            return values;
        }
    }

    /** Weights of a convolution that leaves images as they are. */
    private static Tensor ones(long channels) {
        float[] ones = new float[(int) channels];
        Arrays.fill(ones, 1);
        return Tensor.ofFloats(Arena.ofAuto(), Shape.of(channels, 1, 1, 1), ones);
    }

    static void check(Backend backend, Attributes attributes, Tensor scales, Tensor x) {
        assertArrayEquals(run(backend, attributes, scales, x, false), run(backend, attributes, scales, x, true), 1e-6f);
    }
}
