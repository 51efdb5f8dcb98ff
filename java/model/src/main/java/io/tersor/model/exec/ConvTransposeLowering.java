package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.model.ops.TransposedWindow;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Transposed convolutions of NHWC images in f32 with fixed weights: one product gives what every pixel adds to every tap,
 * [pixels, taps * oc], and each pixel of the result sums what lands there.
 */
final class ConvTransposeLowering {
    private ConvTransposeLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("ConvTranspose", ConvTransposeLowering::lower);
    }

    private static boolean lower(Node node, Lowering lowering) {
        TensorType type = lowering.type(node.inputs().getFirst());
        Optional<Tensor> weights = lowering.fixed(node.inputs().get(1));
        Optional<Tensor> bias = node.input(2).flatMap(lowering::fixed);
        if (type.type() != DataType.F32 || type.shape().rank() != 4 || weights.isEmpty()
                || bias.isPresent() != node.input(2).isPresent() || weights.get().shape().elements() == 0) {
            return false;
        }
        TransposedWindow window = TransposedWindow.of(lowering.context(node));
        Shape shape = weights.get().shape();
        long taps = shape.dim(2) * shape.dim(3);
        long columns = Math.multiplyExact(taps, shape.dim(1));
        Shape src = type.shape();
        long pixels = src.dim(0) * src.dim(2) * src.dim(3);
        if (window.groups() != 1 || columns > Integer.MAX_VALUE || window.out().elements() == 0) {
            return false;
        }
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, shape.dim(0), columns,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Activation.NONE);
        Pending<MatMul> product = lowering.kernels.matMul(node, spec, Math.max(1, pixels),
                () -> weights.get().permute(0, 2, 3, 1).copy(Arena.ofAuto()).reshape(Shape.of(shape.dim(0), columns)),
                Optional::empty, List.of(node.inputs().get(1)), lowering.packing);
        int from = lowering.nhwc(node.inputs().getFirst(), node.name());
        Shape out = window.out();
        TensorType result = new TensorType(DataType.F32, Shape.of(out.dim(0), out.dim(2), out.dim(3), out.dim(1)));
        int to = lowering.plan.planned(result);
        int sums = lowering.plan.planned(new TensorType(DataType.F32, Shape.of(pixels, columns)));
        Columns gathering = new Columns(window, src, (int) shape.dim(2), (int) shape.dim(3),
                bias.map(Tensor::toFloats).orElse(new float[(int) shape.dim(1)]));
        Parallelism parallelism = lowering.kernels.parallelism();
        Shape rows = Shape.of(pixels, shape.dim(0));
        Optional<String> note = lowering.sparsity(node.inputs().get(1))
                .flatMap(format -> SparseChoice.dense(format, "transposed convolutions take all weights").note());
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), product.get().describe(),
                result.type(), result.shape(), note), new int[] {from}, new int[] {to, sums}, -1, (in, outputs) -> {
                    product.get().run(in[0].reshape(rows), outputs[1]);
                    parallelism.run(out.dim(0) * out.dim(2),
                            row -> gathering.row(outputs[1].data(), outputs[0].data(), row));
                }));
        lowering.defineNhwc(node.output(), to);
        return true;
    }

    /** Sums the columns of the product into rows of the result. */
    private record Columns(TransposedWindow window, Shape src, int kh, int kw, float[] bias) {
        void row(MemorySegment columns, MemorySegment dst, long row) {
            long height = window.out().dim(2);
            int width = (int) window.out().dim(3);
            int channels = bias.length;
            float[] line = new float[width * channels];
            float[] added = new float[channels];
            for (int x = 0; x < width; x++) {
                System.arraycopy(bias, 0, line, x * channels, channels);
            }
            for (int tapY = 0; tapY < kh; tapY++) {
                long y = source(0, row % height, tapY, src.dim(2));
                for (int tapX = 0; tapX < kw && y >= 0; tapX++) {
                    for (int x = 0; x < width; x++) {
                        long position = source(1, x, tapX, src.dim(3));
                        if (position >= 0) {
                            long pixel = (row / height * src.dim(2) + y) * src.dim(3) + position;
                            long at = (pixel * kh * kw + (long) tapY * kw + tapX) * channels;
                            MemorySegment.copy(columns, JAVA_FLOAT, at * Float.BYTES, added, 0, channels);
                            add(line, x * channels, added);
                        }
                    }
                }
            }
            MemorySegment.copy(line, 0, dst, JAVA_FLOAT, row * line.length * Float.BYTES, line.length);
        }

        /** Returns the input position from which a tap reaches an output position, -1 for none. */
        private long source(int axis, long target, long tap, long extent) {
            long reached = target + window.before()[axis] - tap * window.dilations()[axis];
            long position = reached / window.strides()[axis];
            return reached >= 0 && reached % window.strides()[axis] == 0 && position < extent ? position : -1;
        }

        private static void add(float[] to, int at, float[] from) {
            for (int i = 0; i < from.length; i++) {
                to[at + i] += from[i];
            }
        }
    }
}
