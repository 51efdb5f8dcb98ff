package io.tersor.model.exec;

import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.Unary;
import io.tersor.model.Node;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.ResizeBody;
import io.tersor.model.ops.ResizeOp;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.SplitBody;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.IntSupplier;

/** Operators over images that need not change their layout: resizing, and transposes from and to NHWC. */
final class LayoutLowering {
    /** Bytes whose copy takes longer than to ask for it. */
    static final long LONG_RUN = 2048;

    private LayoutLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Resize", LayoutLowering::resize);
        table.put("Upsample", LayoutLowering::resize);
        table.put("Transpose", LayoutLowering::transpose);
        table.put("Split", LayoutLowering::split);
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

    /**
     * Parts by a kernel each, where runs of them are so short that copies of single ones cost more than their bytes.
     */
    private static boolean split(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        if (type.type().isPacked() || !(Operators.find(node).orElseThrow().prepare(lowering.context(node)).body()
                instanceof SplitBody body)) {
            return false;
        }
        int axis = lowering.context(node).axis(node.attributes().integer("axis", 0), type.shape().rank());
        long run = Shapes.product(type.shape(), axis, type.shape().rank()) * type.type().bits() / Byte.SIZE;
        if (axis == 0 || run > LONG_RUN || !body.specs().stream().allMatch(lowering.kernels::isBeyondJava)) {
            return false;
        }
        int from = lowering.plain(input, node.name());
        for (int i = 0; i < node.outputs().size(); i++) {
            String output = node.outputs().get(i);
            if (!output.isEmpty()) {
                Unary kernel = lowering.kernels.move(node, body.specs().get(i), lowering.packing).orElseThrow();
                int to = lowering.plan.planned(lowering.type(output));
                lowering.step(node, kernel, new int[] {from}, to, -1, (in, out) -> kernel.run(in[0], out[0]));
                lowering.definePlain(output, to);
            }
        }
        return true;
    }

    private static boolean resize(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        boolean nhwc = lowering.isNhwcImage(input);
        if (lowering.type(input).type().isPacked()) {
            return false;
        }
        Computation computation = nhwc ? ResizeOp.ofNhwc(lowering.context(node))
                : ResizeOp.prepare(lowering.context(node));
        IntSupplier from = () -> nhwc ? lowering.nhwc(input, node.name()) : lowering.plain(input, node.name());
        OptionalInt moved = lowering.move(node, computation, from);
        OptionalInt done = moved.isPresent() ? moved : interpolated(node, lowering, computation, from);
        if (done.isEmpty() && !nhwc) {
            return false;
        }
        int to = done.orElseGet(() -> lowering.plan.planned(computation.outputs().getFirst()));
        if (done.isEmpty()) {
            lowering.step(node, "java/resize_nhwc", new int[] {from.getAsInt()}, to, computation.body());
        }
        if (nhwc) {
            lowering.defineNhwc(node.output(), to);
        } else {
            lowering.definePlain(node.output(), to);
        }
        return true;
    }

    /** Returns the slot of what kernels of weighted sums make, one axis after the other, if there are such. */
    private static OptionalInt interpolated(Node node, Lowering lowering, Computation computation, IntSupplier from) {
        InterpolateSpec spec = new InterpolateSpec();
        TensorType type = computation.outputs().getFirst();
        if (type.type() != DataType.F32 || !(computation.body() instanceof ResizeBody body) || body.passes().isEmpty()
                || !lowering.kernels.isBeyondJava(spec)) {
            return OptionalInt.empty();
        }
        Interpolate kernel = lowering.kernels.interpolate(node, spec);
        int slot = from.getAsInt();
        for (ResizeBody.Pass pass : body.passes().get()) {
            int src = lowering.plan.view(slot, new TensorType(DataType.F32,
                    Shape.of(pass.outer(), pass.extent(), pass.inner())));
            Shape taps = Shape.of(pass.taps(), pass.count());
            int index = lowering.plan.constant(Tensor.ofInts(Arena.ofAuto(), taps, pass.index()));
            int weights = lowering.plan.constant(Tensor.ofFloats(Arena.ofAuto(), taps, pass.weights()));
            Shape result = Shape.of(pass.outer(), pass.count(), pass.inner());
            boolean last = pass == body.passes().get().getLast();
            slot = lowering.plan.planned(last ? type : new TensorType(DataType.F32, result));
            lowering.step(node, kernel, new int[] {src, index, weights}, slot, -1,
                    (in, out) -> kernel.run(in[0], in[1], in[2], last ? out[0].reshape(result) : out[0]));
        }
        return OptionalInt.of(slot);
    }
}
