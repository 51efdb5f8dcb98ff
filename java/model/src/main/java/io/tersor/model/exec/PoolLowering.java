package io.tersor.model.exec;

import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.kernel.Window;
import io.tersor.model.Node;
import io.tersor.model.ops.SpatialWindow;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Map;
import java.util.Optional;

/** Pooling over one or two axes. */
final class PoolLowering {
    private PoolLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("MaxPool", (node, lowering) -> pool(node, lowering, Pool2dSpec.Kind.MAX, false));
        table.put("AveragePool", (node, lowering) -> pool(node, lowering, average(node), false));
        table.put(Node.INTERNAL + ".QAveragePool", (node, lowering) -> pool(node, lowering, average(node), true));
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
        return agrees && lower(node, lowering, spec);
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
            return ReduceLowering.globalAverage(node, lowering);
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
