package io.tersor.model.exec;

import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.model.Node;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/** Einsum of two f32 tensors that is a product of matrices once their axes are in order. */
final class EinsumLowering {
    private EinsumLowering() {}

    /**
     * The axes of a product by their labels: of both operands and the result, of the first and the result, of the
     * second and the result, and of both operands, which are summed over.
     */
    private record Product(String a, String b, String target, String batch, String m, String n, String k) {
        /** Returns the parts if each label is in two or all of the three, and in none of them twice. */
        static Optional<Product> of(String equation) {
            String[] sides = equation.replace(" ", "").split("->", -1);
            String[] terms = sides[0].split(",", -1);
            if (sides.length != 2 || terms.length != 2 || equation.contains(".")) {
                return Optional.empty();
            }
            String a = terms[0];
            String b = terms[1];
            String target = sides[1];
            boolean paired = List.of(a, b, target).stream()
                    .allMatch(term -> term.chars().distinct().count() == term.length())
                    && (a + b + target).chars().allMatch(label ->
                            (a.indexOf(label) < 0 ? 0 : 1) + (b.indexOf(label) < 0 ? 0 : 1)
                                    + (target.indexOf(label) < 0 ? 0 : 1) >= 2);
            return !paired ? Optional.empty() : Optional.of(new Product(a, b, target,
                    labels(target, label -> a.indexOf(label) >= 0 && b.indexOf(label) >= 0),
                    labels(target, label -> b.indexOf(label) < 0), labels(target, label -> a.indexOf(label) < 0),
                    labels(a, label -> target.indexOf(label) < 0)));
        }

        private static String labels(String term, IntPredicate chosen) {
            return term.chars().filter(chosen).mapToObj(Character::toString).collect(Collectors.joining());
        }
    }

    static void register(Map<String, KernelLowering> table) {
        table.put("Einsum", EinsumLowering::product);
    }

    private static boolean product(Node node, Lowering lowering) {
        Optional<Product> found = Product.of(node.attributes().text("equation", ""));
        if (found.isEmpty() || node.inputs().size() != 2) {
            return false;
        }
        Product product = found.get();
        TensorType left = lowering.type(node.inputs().get(0));
        TensorType right = lowering.type(node.inputs().get(1));
        if (left.type() != DataType.F32 || right.type() != DataType.F32
                || !agree(product, left.shape(), right.shape())) {
            return false;
        }
        // As they lie where that is possible.
        boolean transposed = product.b.equals(product.batch + product.n + product.k);
        MatrixProduct kernel = lowering.kernels.matrixProduct(node, new MatrixProductSpec(transposed));
        TensorType output = lowering.type(node.output());
        long batch = extent(product.batch, product.a, left.shape());
        long m = extent(product.m, product.a, left.shape());
        long k = extent(product.k, product.a, left.shape());
        long n = extent(product.n, product.b, right.shape());
        int a = ordered(node, lowering, 0, product.a, product.batch + product.m + product.k, Shape.of(batch, m, k));
        int b = transposed ? ordered(node, lowering, 1, product.b, product.b, Shape.of(batch, n, k))
                : ordered(node, lowering, 1, product.b, product.batch + product.k + product.n, Shape.of(batch, k, n));
        int to = lowering.plan.planned(new TensorType(DataType.F32, Shape.of(batch, m, n)));
        lowering.step(node, kernel, new int[] {a, b}, to, -1, (in, out) -> kernel.run(in[0], in[1], out[0]));
        String order = product.batch + product.m + product.n;
        int[] back = order(order, product.target);
        long[] dims = new long[back.length];
        for (int axis = 0; axis < back.length; axis++) {
            dims[back[axis]] = output.shape().dim(axis);
        }
        int result = lowering.plan.view(to, new TensorType(DataType.F32, Shape.of(dims)));
        lowering.definePlain(node.output(), order.equals(product.target) ? result
                : lowering.transpose(node.name(), result, output, back));
        return true;
    }

    /** Returns whether each label has one extent, as what broadcasts is no product of matrices. */
    private static boolean agree(Product product, Shape a, Shape b) {
        boolean agree = a.rank() == product.a.length() && b.rank() == product.b.length();
        for (int axis = 0; agree && axis < a.rank(); axis++) {
            int other = product.b.indexOf(product.a.charAt(axis));
            agree = other < 0 || b.dim(other) == a.dim(axis);
        }
        return agree;
    }

    private static long extent(String labels, String term, Shape shape) {
        return labels.chars().mapToLong(label -> shape.dim(term.indexOf(label))).reduce(1, Math::multiplyExact);
    }

    /** Returns for each axis of one order where it is in the other. */
    private static int[] order(String from, String to) {
        return to.chars().map(from::indexOf).toArray();
    }

    /** Returns the slot of an operand with its axes in order, as matrices. */
    private static int ordered(Node node, Lowering lowering, int input, String term, String order, Shape matrices) {
        int from = lowering.plain(node.inputs().get(input), node.name());
        if (!term.equals(order)) {
            int[] axes = order(term, order);
            Shape shape = Shapes.permute(lowering.type(node.inputs().get(input)).shape(), axes);
            from = lowering.transpose(node.name(), from, new TensorType(DataType.F32, shape), axes);
        }
        return lowering.plan.view(from, new TensorType(DataType.F32, matrices));
    }
}
