package io.tersor.model.exec;

import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.Unary;
import io.tersor.model.Node;
import io.tersor.model.ops.OpContext;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Map;
import java.util.Optional;

/** Reductions over neighbouring axes, and softmax along any axis. */
final class ReduceLowering {
    private ReduceLowering() {}

    static void register(Map<String, KernelLowering> table) {
        Map.of("ReduceSum", ReduceSpec.Kind.SUM, "ReduceMean", ReduceSpec.Kind.MEAN, "ReduceMax", ReduceSpec.Kind.MAX,
                "ReduceMin", ReduceSpec.Kind.MIN, "ReduceL1", ReduceSpec.Kind.L1, "ReduceL2", ReduceSpec.Kind.L2,
                "ReduceSumSquare", ReduceSpec.Kind.SUM_SQUARE, "ReduceLogSum", ReduceSpec.Kind.LOG_SUM)
                .forEach((name, kind) -> table.put(name, (node, lowering) -> reduce(node, lowering, kind)));
        table.put("CumSum", ReduceLowering::cumulate);
        table.put("Softmax", (node, lowering) -> softmax(node, lowering, new SoftmaxSpec()));
        table.put("LogSoftmax", (node, lowering) -> softmax(node, lowering, new SoftmaxSpec(true)));
    }

    private static boolean reduce(Node node, Lowering lowering, ReduceSpec.Kind kind) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        OpContext context = lowering.context(node);
        Optional<Tensor> given = context.constant(1);
        if (type.type() != DataType.F32 || context.has(1) && given.isEmpty()) {
            return false;
        }
        long[] axes = given.map(Tensor::toLongs).orElseGet(() -> node.attributes().integers("axes"));
        if (axes.length == 0 && node.attributes().integer("noop_with_empty_axes", 0) != 0) {
            return false;
        }
        Optional<Shape> view = reduced(context, type.shape(), axes);
        return view.isPresent() && reduce(node, lowering, kind, view.get());
    }

    /** Adds the step that reduces images [n, c, ...] over all pixels. */
    static boolean globally(Node node, Lowering lowering, ReduceSpec.Kind kind) {
        Shape shape = lowering.type(node.inputs().getFirst()).shape();
        return reduce(node, lowering, kind,
                Shape.of(shape.dim(0) * shape.dim(1), Shapes.product(shape, 2, shape.rank()), 1));
    }

    private static boolean reduce(Node node, Lowering lowering, ReduceSpec.Kind kind, Shape view) {
        String input = node.inputs().getFirst();
        ReduceSpec spec = new ReduceSpec(kind);
        Unary kernel = lowering.kernels.unary(node, spec);
        int from = lowering.plan.view(lowering.plain(input, node.name()), new TensorType(DataType.F32, view));
        int to = lowering.plan.planned(lowering.type(node.output()));
        Shape result = spec.dstShape(view);
        lowering.step(node, kernel, new int[] {from}, to, -1, (in, out) -> kernel.run(in[0], out[0].reshape(result)));
        lowering.definePlain(node.output(), to);
        return true;
    }

    /** Returns [outer, reduced, inner] where the reduced axes are neighbours, those of extent 1 left out. */
    private static Optional<Shape> reduced(OpContext context, Shape shape, long[] axes) {
        boolean[] reduced = new boolean[shape.rank()];
        for (int axis = 0; axis < reduced.length; axis++) {
            reduced[axis] = axes.length == 0;
        }
        for (long axis : axes) {
            reduced[context.axis(axis, shape.rank())] = true;
        }
        long[] extents = {1, 1, 1};
        int part = 0;
        for (int axis = 0; axis < reduced.length; axis++) {
            if (shape.dim(axis) == 1) {
                continue;
            }
            if (reduced[axis] != (part == 1)) {
                part++;
            }
            if (part > 2) {
                return Optional.empty();
            }
            extents[part] *= shape.dim(axis);
        }
        return Optional.of(Shape.of(extents));
    }

    private static boolean cumulate(Node node, Lowering lowering) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        OpContext context = lowering.context(node);
        Optional<Tensor> given = context.constant(1);
        CumulateSpec spec = new CumulateSpec(node.attributes().integer("exclusive", 0) != 0,
                node.attributes().integer("reverse", 0) != 0);
        if (type.type() != DataType.F32 || given.isEmpty() || !lowering.kernels.isBeyondJava(spec)) {
            return false;
        }
        Shape shape = type.shape();
        int axis = context.axis(given.get().getLong(0), shape.rank());
        Unary kernel = lowering.kernels.unary(node, spec);
        TensorType lines = new TensorType(DataType.F32, Shape.of(Shapes.product(shape, 0, axis), shape.dim(axis),
                Shapes.product(shape, axis + 1, shape.rank())));
        int from = lowering.plan.view(lowering.plain(input, node.name()), lines);
        int to = lowering.plan.planned(lines);
        lowering.step(node, kernel, new int[] {from}, to, 0, (in, out) -> kernel.run(in[0], out[0]));
        lowering.definePlain(node.output(), lowering.plan.view(to, type));
        return true;
    }

    private static boolean softmax(Node node, Lowering lowering, SoftmaxSpec spec) {
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        OpContext context = lowering.context(node);
        boolean oneAxis = context.opset() >= 13;
        int rank = type.shape().rank();
        if (type.type() != DataType.F32 || rank == 0) {
            return false;
        }
        int axis = context.axis(node.attributes().integer("axis", oneAxis ? -1 : 1), rank);
        Unary kernel = lowering.kernels.unary(node, spec);
        if (oneAxis && axis == 1 && rank == 4 && lowering.isOnlyNhwc(input)) {
            lowering.defineNhwc(node.output(), softmax(node, lowering, kernel, lowering.nhwc(input, node.name())));
            return true;
        }
        long outer = Shapes.product(type.shape(), 0, axis);
        long count = oneAxis ? type.shape().dim(axis) : Shapes.product(type.shape(), axis, rank);
        long inner = oneAxis ? Shapes.product(type.shape(), axis + 1, rank) : 1;
        int from = lowering.plan.view(lowering.plain(input, node.name()), new TensorType(DataType.F32,
                inner == 1 ? Shape.of(outer, count) : Shape.of(outer, count, inner)));
        if (inner != 1) {
            from = lowering.transpose(node.name(), from, new TensorType(DataType.F32, Shape.of(outer, inner, count)), 0,
                    2, 1);
        }
        int to = softmax(node, lowering, kernel, from);
        if (inner != 1) {
            to = lowering.transpose(node.name(), to, new TensorType(DataType.F32, Shape.of(outer, count, inner)), 0, 2,
                    1);
        }
        lowering.definePlain(node.output(), lowering.plan.view(to, type));
        return true;
    }

    private static int softmax(Node node, Lowering lowering, Unary kernel, int from) {
        int to = lowering.plan.planned(lowering.plan.slot(from).type());
        lowering.step(node, kernel, new int[] {from}, to, 0, (in, out) -> kernel.run(in[0], out[0]));
        return to;
    }
}
