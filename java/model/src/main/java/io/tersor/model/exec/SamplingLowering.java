package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.model.Node;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.SampledBody;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** GridSample and RoiAlign: weighted sums of pixels, all channels of one at once. */
final class SamplingLowering {
    private SamplingLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("GridSample", SamplingLowering::sample);
        table.put("RoiAlign", SamplingLowering::sample);
    }

    private static boolean sample(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(node.output());
        InterpolateSpec spec = new InterpolateSpec();
        boolean floats = lowering.type(input).type() == DataType.F32
                && lowering.type(node.inputs().get(1)).type() == DataType.F32;
        if (!floats || !(Operators.find(node).orElseThrow().prepare(lowering.context(node)).body()
                instanceof SampledBody body) || !lowering.kernels.isBeyondJava(spec)) {
            return false;
        }
        Interpolate kernel = lowering.kernels.interpolate(node, spec);
        int[] from = new int[node.inputs().size()];
        from[0] = lowering.nhwc(input, node.name());
        for (int i = 1; i < from.length; i++) {
            from[i] = lowering.plain(node.inputs().get(i), node.name());
        }
        int to = lowering.plan.planned(new TensorType(DataType.F32, Shapes.permute(type.shape(), Lowering.TO_NHWC)));
        lowering.step(node, kernel, from, to, -1, (in, out) -> run(kernel, body, in, out[0]));
        lowering.defineNhwc(node.output(), to);
        return true;
    }

    private static void run(Interpolate kernel, SampledBody body, Tensor[] in, Tensor out) {
        Shape images = in[0].shape();
        long pixels = images.dim(1) * images.dim(2);
        long channels = images.dim(3);
        Shape image = Shape.of(1, pixels, channels);
        Shape part = Shape.of(1, body.count(), channels);
        for (long i = 0; i < body.parts() && out.shape().elements() > 0; i++) {
            int taps = body.taps(in, i);
            int[] index = new int[Math.multiplyExact(taps, body.count())];
            float[] weights = new float[index.length];
            body.fill(in, i, index, weights);
            Shape shape = Shape.of(taps, body.count());
            try (Arena arena = Arena.ofConfined()) {
                kernel.run(slice(in[0], body.image(in, i), image),
                        Tensor.wrap(arena.allocateFrom(JAVA_INT, index), DataType.S32, shape),
                        Tensor.wrap(arena.allocateFrom(JAVA_FLOAT, weights), DataType.F32, shape), slice(out, i, part));
            }
        }
    }

    /** Returns one of the parts of a shape that a tensor is made of. */
    private static Tensor slice(Tensor tensor, long index, Shape shape) {
        long bytes = shape.elements() * Float.BYTES;
        MemorySegment data = tensor.data().asSlice(index * bytes, bytes);
        return Tensor.wrap(data, DataType.F32, shape);
    }
}
