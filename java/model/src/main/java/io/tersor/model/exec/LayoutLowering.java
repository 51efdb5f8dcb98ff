package io.tersor.model.exec;

import io.tersor.model.Node;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.ResizeOp;
import java.util.Map;

/** Operators that resize images where they lie as NHWC already. */
final class LayoutLowering {
    private LayoutLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Resize", LayoutLowering::resize);
        table.put("Upsample", LayoutLowering::resize);
    }

    private static boolean resize(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        if (!lowering.isOnlyNhwc(input) || lowering.type(input).shape().rank() != 4
                || lowering.type(input).type().isPacked()) {
            return false;
        }
        Computation computation = ResizeOp.ofNhwc(lowering.context(node));
        int to = lowering.plan.planned(computation.outputs().getFirst());
        lowering.step(node, "java/resize_nhwc", new int[] {lowering.nhwc(input, node.name())}, to, computation.body());
        lowering.defineNhwc(node.output(), to);
        return true;
    }
}
