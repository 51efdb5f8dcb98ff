package io.tersor.model.ops;

import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Map;

/** What our own passes make of several operators, and only kernels compute. */
final class FusedOps {
    private FusedOps() {}

    static void register(Map<String, Operator> table) {
        table.put(Node.INTERNAL + ".Attention", FusedOps::attention);
        table.put(Node.INTERNAL + ".DynamicMatMul", FusedOps::dynamicMatMul);
        table.put(Node.INTERNAL + ".QLayerNormalization", context -> Computation.kernelOnly(
                new TensorType(context.type(4), context.shape(0))));
    }

    private static Computation dynamicMatMul(OpContext context) {
        long k = context.shape(1).dim(0);
        context.check(context.shape(0).rank() >= 1 && context.shape(0).dim(-1) == k, 0, "[..., " + k + "]");
        return Computation.kernelOnly(new TensorType(DataType.F32, context.shape(0).with(-1, context.shape(1).dim(1))));
    }

    /**
     * Operands are [n, heads, length, size], or [n, length, heads, size] where an attribute says so; or either without
     * n.
     */
    private static Computation attention(OpContext context) {
        Shape q = context.shape(0);
        boolean swapped = context.attributes().integer("q_tokens", 0) != context.attributes().integer("out_tokens", 0);
        int rank = q.rank();
        Shape out = (swapped ? q.with(rank - 3, q.dim(rank - 2)).with(rank - 2, q.dim(rank - 3)) : q)
                .with(-1, context.shape(2).dim(-1));
        return Computation.kernelOnly(new TensorType(context.has(11) ? context.type(11) : DataType.F32, out));
    }
}
