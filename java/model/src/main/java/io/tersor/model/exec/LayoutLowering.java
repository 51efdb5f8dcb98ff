package io.tersor.model.exec;

import io.tersor.model.Node;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.ResizeOp;
import io.tersor.model.ops.TensorType;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;

/** Operators over images that need not change their layout: resizing, and transposes from and to NHWC. */
final class LayoutLowering {
    private LayoutLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Resize", LayoutLowering::resize);
        table.put("Upsample", LayoutLowering::resize);
        table.put("Transpose", LayoutLowering::transpose);
    }

    private static boolean transpose(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType from = lowering.type(input);
        TensorType to = lowering.type(node.output());
        if (from.type().isPacked()) {
            return false;
        }
        int rank = from.shape().rank();
        long[] reversed = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            reversed[axis] = rank - 1 - axis;
        }
        int[] order = Arrays.stream(node.attributes().integers("perm", reversed))
                .mapToInt(axis -> (int) (axis < 0 ? axis + rank : axis)).toArray();
        if (lowering.isOnlyNhwc(input) && Arrays.equals(order, Lowering.TO_NHWC)) {
            lowering.definePlain(node.output(), lowering.plan.view(lowering.nhwc(input, node.name()), to));
            return true;
        }
        int plain = lowering.plain(input, node.name());
        lowering.definePlain(node.output(), lowering.transpose(node.name(), plain, to, order));
        if (Arrays.equals(order, Lowering.TO_NCHW)) {
            lowering.offerNhwc(node.output(), () -> plain);
        }
        return true;
    }

    private static boolean resize(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        if (!lowering.isOnlyNhwc(input) || lowering.type(input).shape().rank() != 4
                || lowering.type(input).type().isPacked()) {
            return false;
        }
        Computation computation = ResizeOp.ofNhwc(lowering.context(node));
        int from = lowering.nhwc(input, node.name());
        OptionalInt moved = lowering.move(node, computation, () -> from);
        int to = moved.orElseGet(() -> lowering.plan.planned(computation.outputs().getFirst()));
        if (moved.isEmpty()) {
            lowering.step(node, "java/resize_nhwc", new int[] {from}, to, computation.body());
        }
        lowering.defineNhwc(node.output(), to);
        return true;
    }
}
