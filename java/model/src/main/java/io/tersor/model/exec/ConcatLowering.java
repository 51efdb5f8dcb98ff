package io.tersor.model.exec;

import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Unary;
import io.tersor.model.Node;
import io.tersor.model.ops.OpContext;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Concatenation, in the layout in which images lie. */
final class ConcatLowering {
    private ConcatLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Concat", ConcatLowering::concat);
    }

    /**
     * Concatenates: channels of NHWC images without going through NCHW, and by a kernel for each operand where runs of
     * them are so short that copies of single ones cost more than their bytes.
     */
    private static boolean concat(Node node, Lowering lowering) {
        TensorType type = lowering.type(node.output());
        int rank = type.shape().rank();
        if (type.type().isPacked()) {
            return false;
        }
        int axis = lowering.context(node).axis(node.attributes().integer("axis", 1), rank);
        boolean nhwc = rank == 4 && node.inputs().stream().anyMatch(lowering::isOnlyNhwc);
        int inMemory = !nhwc ? axis : axis == 1 ? 3 : axis == 0 ? 0 : axis - 1;
        Shape result = nhwc ? Shapes.permute(type.shape(), Lowering.TO_NHWC) : type.shape();
        List<PlaceSpec> parts = new ArrayList<>();
        long at = 0;
        for (String input : node.inputs()) {
            Shape shape = lowering.type(input).shape();
            parts.add(new PlaceSpec(type.type(), nhwc ? Shapes.permute(shape, Lowering.TO_NHWC) : shape, result,
                    inMemory,
                    at));
            at += shape.dim(axis);
        }
        boolean kernels = inMemory > 0 && parts.stream().allMatch(lowering.kernels::isBeyondJava)
                && Shapes.product(result, inMemory, rank) * type.type().bits() / Byte.SIZE <= LayoutLowering.LONG_RUN;
        if (!nhwc && !kernels) {
            return false;
        }
        int[] from = node.inputs().stream().mapToInt(input -> nhwc ? lowering.nhwc(input, node.name())
                : lowering.plain(input, node.name())).toArray();
        int to = lowering.plan.planned(new TensorType(type.type(), result));
        if (kernels) {
            List<Unary> moves = parts.stream().map(part -> lowering.kernels.move(node, part, lowering.packing)
                    .orElseThrow()).toList();
            lowering.step(node, moves.getFirst(), from, to, -1, (in, out) -> {
                for (int i = 0; i < in.length; i++) {
                    moves.get(i).run(in[i], out[0]);
                }
            });
        } else {
            List<Optional<TensorType>> types = new ArrayList<>();
            for (int slot : from) {
                types.add(Optional.of(lowering.plan.slot(slot).type()));
            }
            OpContext permuted = lowering.context(node).with(node.withAttributes(node.attributes().with("axis",
                    inMemory)),
                    types);
            lowering.step(node, "java/concat", from, to, Operators.find(node).orElseThrow().prepare(permuted).body());
        }
        ElementLowering.define(node, lowering, to, nhwc);
        return true;
    }
}
