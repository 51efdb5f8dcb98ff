package io.tersor.model.exec;

import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.BinarySpec.Operation;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;

/** Operations of masks and integers, and those of many operands, as chains of operations of two. */
final class MaskLowering {
    private MaskLowering() {}

    static void register(Map<String, KernelLowering> table) {
        for (String prefix : new String[] {"", "Bitwise"}) {
            table.put(prefix + "And", (node, lowering) -> ElementLowering.broadcast(node, lowering, Operation.AND));
            table.put(prefix + "Or", (node, lowering) -> ElementLowering.broadcast(node, lowering, Operation.OR));
            table.put(prefix + "Xor", (node, lowering) -> ElementLowering.broadcast(node, lowering, Operation.XOR));
        }
        table.put("Not", MaskLowering::not);
        table.put("IsNaN", MaskLowering::isNan);
        table.put("Min", (node, lowering) -> chain(node, lowering, Operation.MIN, false));
        table.put("Max", (node, lowering) -> chain(node, lowering, Operation.MAX, false));
        table.put("Sum", (node, lowering) -> chain(node, lowering, Operation.ADD, false));
        table.put("Mean", (node, lowering) -> chain(node, lowering, Operation.ADD, true));
    }

    private static boolean has(Lowering lowering, Operation operation, DataType type) {
        return operation.covers(type)
                && (type == DataType.F32 || lowering.kernels.isBeyondJava(new BinarySpec(operation, type)));
    }

    /** Adds the step of an operation on two slots, in the layout in which both are; the first may give its memory. */
    private static int step(Node node, Lowering lowering, Operation operation, int a, int b, Shape result) {
        TensorType type = lowering.plan.slot(a).type();
        BinarySpec spec = new BinarySpec(operation, type.type());
        Binary kernel = lowering.kernels.binary(node, spec);
        TensorType dst = new TensorType(spec.dst(), result);
        int to = lowering.plan.planned(dst);
        lowering.step(node, kernel, new int[] {a, b}, to, type.equals(dst) ? 0 : -1,
                (in, out) -> kernel.run(in[0], in[1], out[0]));
        return to;
    }

    private static int scalar(Lowering lowering, DataType type, double value) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, Shape.of());
        tensor.set(0, value);
        return lowering.plan.constant(tensor);
    }

    /** x == false. */
    private static boolean not(Node node, Lowering lowering) {
        if (!has(lowering, Operation.EQUAL, DataType.BOOL)) {
            return false;
        }
        String input = node.inputs().getFirst();
        boolean nhwc = lowering.isNhwcImage(input);
        int from = ElementLowering.slot(node, lowering, input, nhwc);
        int to = step(node, lowering, Operation.EQUAL, from, scalar(lowering, DataType.BOOL, 0),
                lowering.plan.slot(from).type().shape());
        ElementLowering.define(node, lowering, to, nhwc);
        return true;
    }

    /** (x == x) == false. */
    private static boolean isNan(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        if (lowering.type(input).type() != DataType.F32 || !has(lowering, Operation.EQUAL, DataType.F32)
                || !has(lowering, Operation.EQUAL, DataType.BOOL)) {
            return false;
        }
        boolean nhwc = lowering.isNhwcImage(input);
        int from = ElementLowering.slot(node, lowering, input, nhwc);
        Shape shape = lowering.plan.slot(from).type().shape();
        int ordered = step(node, lowering, Operation.EQUAL, from, from, shape);
        ElementLowering.define(node, lowering, step(node, lowering, Operation.EQUAL, ordered,
                scalar(lowering, DataType.BOOL, 0), shape), nhwc);
        return true;
    }

    /** One operand after the other; the mean is the sum over their number. */
    private static boolean chain(Node node, Lowering lowering, Operation operation, boolean mean) {
        DataType type = lowering.type(node.inputs().getFirst()).type();
        int count = node.inputs().size();
        if (count < 2 || !has(lowering, operation, type) || mean && type != DataType.F32
                || node.inputs().stream().anyMatch(input -> lowering.type(input).type() != type)) {
            return false;
        }
        boolean nhwc = node.inputs().stream().anyMatch(lowering::isNhwcImage)
                && node.inputs().stream().allMatch(lowering::fitsNhwc);
        int[] slots = node.inputs().stream().mapToInt(input -> ElementLowering.slot(node, lowering, input, nhwc))
                .toArray();
        int to = slots[0];
        for (int i = 1; i < count; i++) {
            to = step(node, lowering, operation, to, slots[i], broadcast(lowering, to, slots[i]));
        }
        if (mean) {
            to = step(node, lowering, Operation.DIV, to, scalar(lowering, type, count),
                    lowering.plan.slot(to).type().shape());
        }
        ElementLowering.define(node, lowering, to, nhwc);
        return true;
    }

    private static Shape broadcast(Lowering lowering, int a, int b) {
        Shape left = lowering.plan.slot(a).type().shape();
        Shape right = lowering.plan.slot(b).type().shape();
        long[] dims = new long[Math.max(left.rank(), right.rank())];
        for (int axis = 1; axis <= dims.length; axis++) {
            long x = axis <= left.rank() ? left.dim(-axis) : 1;
            long y = axis <= right.rank() ? right.dim(-axis) : 1;
            dims[dims.length - axis] = x == 1 ? y : x;
        }
        return Shape.of(dims);
    }

    /** Clip of integers: not below one bound, then not above the other, which wins where they cross. */
    static boolean clip(Node node, Lowering lowering) {
        TensorType type = lowering.type(node.inputs().getFirst());
        boolean low = node.input(1).isPresent();
        boolean high = node.input(2).isPresent();
        if (type.type() != DataType.S32 && type.type() != DataType.S64 || !low && !high
                || !has(lowering, Operation.MIN, type.type())) {
            return false;
        }
        boolean nhwc = lowering.isNhwcImage(node.inputs().getFirst());
        int to = ElementLowering.slot(node, lowering, node.inputs().getFirst(), nhwc);
        Shape shape = lowering.plan.slot(to).type().shape();
        for (int bound = 1; bound <= 2; bound++) {
            if (bound == 1 ? low : high) {
                int limit = lowering.plan.view(lowering.plain(node.inputs().get(bound), node.name()),
                        new TensorType(type.type(), Shape.of()));
                to = step(node, lowering, bound == 1 ? Operation.MAX : Operation.MIN, to, limit, shape);
            }
        }
        ElementLowering.define(node, lowering, to, nhwc);
        return true;
    }
}
