package io.tersor.model.exec;

import io.tersor.kernel.Backend;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.kernel.Window;
import io.tersor.model.Node;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.SpatialWindow;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** Pooling over one or two axes. */
final class PoolLowering {
    private PoolLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("MaxPool", (node, lowering) -> pool(node, lowering, Pool2dSpec.Kind.MAX, false));
        table.put("AveragePool", (node, lowering) -> pool(node, lowering, average(node), false));
        table.put(Node.INTERNAL + ".QAveragePool", (node, lowering) -> pool(node, lowering, average(node), true));
        table.put("GlobalMaxPool", PoolLowering::globalMax);
        table.put("GlobalAveragePool", (node, lowering) -> global(node, lowering, false));
        table.put(Node.INTERNAL + ".QGlobalAveragePool", (node, lowering) -> global(node, lowering, true));
    }

    private static Pool2dSpec.Kind average(Node node) {
        return node.attributes().integer("count_include_pad", 0) != 0 ? Pool2dSpec.Kind.AVERAGE_WITH_PADDING
                : Pool2dSpec.Kind.AVERAGE;
    }

    private static boolean pool(Node node, Lowering lowering, Pool2dSpec.Kind kind, boolean quantized) {
        TensorType type = lowering.type(node.inputs().getFirst());
        boolean image = type.shape().rank() == 3 || type.shape().rank() == 4;
        boolean typed = type.type() == DataType.F32
                || Quantization.isByte(type.type()) && (quantized || kind == Pool2dSpec.Kind.MAX);
        if (!image || !typed || node.outputs().size() > 1 && !node.outputs().get(1).isEmpty()) {
            return false;
        }
        SpatialWindow spatial = SpatialWindow.of(lowering.context(node), type.shape(),
                node.attributes().integers("kernel_shape"));
        Optional<Window> window = Windows.twoAxes(spatial);
        Optional<QuantParams> src = params(node, lowering, quantized, 1);
        Optional<QuantParams> dst = params(node, lowering, quantized, 3);
        if (window.isEmpty() || src.isEmpty() || dst.isEmpty()) {
            return false;
        }
        boolean ceil = node.attributes().integer("ceil_mode", 0) != 0
                && node.attributes().text("auto_pad", "NOTSET").equals("NOTSET");
        Pool2dSpec spec = new Pool2dSpec(kind, type.type(), window.get(), ceil, src.get(), dst.get());
        long[] out = spatial.out();
        boolean agrees = spec.outWidth(spatial.image()[out.length - 1]) == out[out.length - 1]
                && (out.length == 1 || spec.outHeight(spatial.image()[0]) == out[0]);
        if (!agrees) {
            return false;
        }
        boolean planes = type.type() == DataType.F32 && !lowering.isOnlyNhwc(node.inputs().getFirst());
        if (planes && isWhole(spatial)) {
            return ReduceLowering.globally(node, lowering, kind == Pool2dSpec.Kind.MAX ? ReduceSpec.Kind.MAX
                    : ReduceSpec.Kind.MEAN);
        }
        return planes && lowering.kernels.runsOn(Backend.NATIVE, spec) ? ofPlanes(node, lowering, spec)
                : lower(node, lowering, spec);
    }

    /** Whether the only window is the image. */
    private static boolean isWhole(SpatialWindow spatial) {
        return Arrays.equals(spatial.kernel(), spatial.image()) && Arrays.stream(spatial.image()).allMatch(e -> e > 0)
                && Arrays.stream(spatial.out()).allMatch(extent -> extent == 1)
                && Arrays.stream(spatial.before()).allMatch(pad -> pad == 0)
                && Arrays.stream(spatial.after()).allMatch(pad -> pad == 0)
                && Arrays.stream(spatial.dilations()).allMatch(dilation -> dilation == 1);
    }

    /** Pools planes [n, c, h, w] where they are: as images of one channel, which libtersor has a kernel for. */
    private static boolean ofPlanes(Node node, Lowering lowering, Pool2dSpec spec) {
        TensorType type = lowering.type(node.inputs().getFirst());
        Shape shape = type.shape();
        Shape planes = Shape.of(shape.dim(0) * shape.dim(1), shape.rank() == 3 ? 1 : shape.dim(2), shape.dim(-1), 1);
        Unary kernel = lowering.kernels.unary(node, spec);
        int from = lowering.plan.view(lowering.plain(node.inputs().getFirst(), node.name()),
                new TensorType(type.type(), planes));
        int to = lowering.plan.planned(new TensorType(type.type(), spec.dstShape(planes)));
        lowering.step(node, kernel, new int[] {from}, to, -1, (in, out) -> kernel.run(in[0], out[0]));
        lowering.definePlain(node.output(), lowering.plan.view(to, lowering.type(node.output())));
        return true;
    }

    private static boolean globalMax(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        Shape shape = lowering.type(input).shape();
        if (lowering.type(input).type() != DataType.F32 || shape.rank() < 3
                || Shapes.product(shape, 2, shape.rank()) == 0) {
            return false;
        }
        if (!lowering.isNhwcImage(input)) {
            return ReduceLowering.globally(node, lowering, ReduceSpec.Kind.MAX);
        }
        return shape.dim(2) <= Integer.MAX_VALUE && shape.dim(3) <= Integer.MAX_VALUE && lower(node, lowering,
                Pool2dSpec.f32(Pool2dSpec.Kind.MAX, Window.of((int) shape.dim(2), (int) shape.dim(3))));
    }

    private static Optional<QuantParams> params(Node node, Lowering lowering, boolean quantized, int scale) {
        return quantized ? NodeParams.quantization(node, lowering, scale, scale + 1, 0)
                : Optional.of(QuantParams.IDENTITY);
    }

    private static boolean global(Node node, Lowering lowering, boolean quantized) {
        TensorType type = lowering.type(node.inputs().getFirst());
        boolean image = type.shape().rank() == 3 || type.shape().rank() == 4;
        Optional<QuantParams> src = params(node, lowering, quantized, 1);
        Optional<QuantParams> dst = params(node, lowering, quantized, 3);
        if (!image || src.isEmpty() || dst.isEmpty()
                || type.type() != DataType.F32 && !(quantized && Quantization.isByte(type.type()))) {
            return false;
        }
        // Rows of pixels where they lie side by side.
        if (!quantized && !lowering.isOnlyNhwc(node.inputs().getFirst())) {
            return ReduceLowering.globally(node, lowering, ReduceSpec.Kind.MEAN);
        }
        return lower(node, lowering, new GlobalAveragePoolSpec(type.type(), src.get(), dst.get()));
    }

    private static boolean lower(Node node, Lowering lowering, UnarySpec spec) {
        Unary kernel = lowering.kernels.unary(node, spec);
        int from = lowering.nhwc(node.inputs().getFirst(), node.name());
        Shape shape = spec.dstShape(lowering.plan.slot(from).type().shape());
        int to = lowering.plan.planned(new TensorType(spec.dstType(), shape));
        lowering.step(node, kernel, new int[] {from}, to, -1, (in, out) -> kernel.run(in[0], out[0]));
        lowering.defineNhwc(node.output(), to);
        return true;
    }
}
