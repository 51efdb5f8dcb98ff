package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Products with a fixed right-hand matrix, real and integer. */
final class MatMulLowering {
    private MatMulLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("MatMul", (node, lowering) -> real(node, lowering, 1f, 1f) || changing(node, lowering));
        table.put(Node.INTERNAL + ".MatMul", (node, lowering) -> real(node, lowering, 1f, 1f));
        table.put("Gemm", MatMulLowering::gemm);
        table.put("QLinearMatMul", MatMulLowering::quantized);
        table.put(Node.INTERNAL + ".QMatMul", MatMulLowering::quantized);
        table.put("MatMulInteger", MatMulLowering::integer);
    }

    private static boolean gemm(Node node, Lowering lowering) {
        return node.attributes().integer("transA", 0) == 0
                && real(node, lowering, node.attributes().real("alpha", 1f), node.attributes().real("beta", 1f));
    }

    private static boolean real(Node node, Lowering lowering, float alpha, float beta) {
        if (lowering.type(node.inputs().getFirst()).type() != DataType.F32
                || lowering.type(node.inputs().get(1)).shape().rank() != 2) {
            return false;
        }
        Optional<Tensor> weights = right(node, lowering, 1);
        Optional<Tensor> bias = node.input(2).flatMap(lowering::fixed);
        if (weights.isEmpty() || bias.isPresent() != node.input(2).isPresent()) {
            return false;
        }
        Optional<Tensor> vector = bias.flatMap(tensor -> vector(tensor, weights.get().shape().dim(1), beta));
        if (vector.isPresent() != bias.isPresent()) {
            return false;
        }
        Tensor scaled = alpha == 1f ? weights.get() : scaled(weights.get(), alpha);
        return lower(node, lowering, scaled, QuantParams.IDENTITY, vector, constants(node, 1, 2), QuantParams.IDENTITY,
                Fusion.of(node, lowering, 3, DataType.F32, QuantParams.IDENTITY));
    }

    /** A product whose right-hand matrices change too, or are many. */
    private static boolean changing(Node node, Lowering lowering) {
        String left = node.inputs().get(0);
        String given = node.inputs().get(1);
        // What a Transpose of the last two axes reads is taken as it is.
        Optional<String> before = lowering.producer(given).filter(found -> found.is("Transpose")
                && swapsLastAxes(found.attributes().integers("perm"))).map(found -> found.inputs().getFirst());
        String right = before.orElse(given);
        Shape a = lowering.type(left).shape();
        Shape b = lowering.type(given).shape();
        boolean fits = lowering.type(left).type() == DataType.F32 && lowering.type(given).type() == DataType.F32
                && a.rank() >= 2 && (b.rank() == 2 || b.rank() == a.rank());
        for (int axis = 0; fits && axis < b.rank() - 2; axis++) {
            fits = a.dim(axis) == b.dim(axis);
        }
        if (!fits || lowering.isOnlyNhwc(left) || lowering.isOnlyNhwc(right)) {
            return false;
        }
        MatrixProductSpec spec = new MatrixProductSpec(before.isPresent());
        MatrixProduct kernel = lowering.kernels.matrixProduct(node, spec);
        int[] from = {lowering.plain(left, node.name()), lowering.plain(right, node.name())};
        int to = lowering.plan.planned(new TensorType(DataType.F32, a.with(-1, b.dim(-1))));
        lowering.step(node, kernel, from, to, -1, (in, out) -> kernel.run(in[0], in[1], out[0]));
        lowering.definePlain(node.output(), to);
        return true;
    }

    private static boolean swapsLastAxes(long[] order) {
        boolean swaps = order.length >= 2;
        for (int axis = 0; swaps && axis < order.length; axis++) {
            int last = order.length - 1;
            swaps = order[axis] == (axis == last ? last - 1 : axis == last - 1 ? last : axis);
        }
        return swaps;
    }

    private static List<String> constants(Node node, int... inputs) {
        List<String> names = new ArrayList<>();
        for (int input : inputs) {
            node.input(input).ifPresent(names::add);
        }
        return names;
    }

    /** Returns the right-hand matrix as [k, n] if it is fixed. */
    private static Optional<Tensor> right(Node node, Lowering lowering, int input) {
        boolean transposed = node.attributes().integer("transB", 0) != 0;
        Optional<String> name = node.input(input);
        // A product of two changing matrices has no weights, even where one is an input of the graph.
        return name.filter(value -> lowering.type(value).shape().rank() == 2).flatMap(lowering::fixed)
                .map(tensor -> transposed ? tensor.permute(1, 0) : tensor);
    }

    /** Returns beta times a bias that is the same for every row, as a vector; empty if it is not. */
    private static Optional<Tensor> vector(Tensor bias, long n, float beta) {
        long count = bias.shape().elements();
        boolean row = bias.shape().rank() == 0 || bias.shape().dim(-1) == count;
        if (!row || count != n && count != 1) {
            return Optional.empty();
        }
        if (beta == 1f && count == n) {
            return Optional.of(bias.reshape(Shape.of(n)));
        }
        Tensor expanded = Tensor.allocate(Arena.ofAuto(), bias.type(), Shape.of(n));
        for (long i = 0; i < n; i++) {
            expanded.set(i, beta * bias.get(count == 1 ? 0 : i));
        }
        return Optional.of(expanded);
    }

    private static Tensor scaled(Tensor weights, float alpha) {
        Tensor scaled = Tensor.allocate(Arena.ofAuto(), DataType.F32, weights.shape());
        for (long i = 0; i < weights.shape().elements(); i++) {
            scaled.set(i, alpha * (float) weights.get(i));
        }
        return scaled;
    }

    private static boolean quantized(Node node, Lowering lowering) {
        Optional<Tensor> weights = right(node, lowering, 3);
        Optional<QuantParams> src = NodeParams.quantization(node, lowering, 1, 2, 0);
        Optional<QuantParams> weightsParams = NodeParams.quantization(node, lowering, 4, 5, 1);
        boolean real = node.input(6).isEmpty();
        Optional<QuantParams> dst = real ? Optional.of(QuantParams.IDENTITY)
                : NodeParams.quantization(node, lowering, 6, 7, 0);
        Optional<Tensor> bias = node.input(8).flatMap(lowering::fixed);
        if (weights.isEmpty() || src.isEmpty() || weightsParams.isEmpty() || dst.isEmpty() || !src.get().isPerTensor()
                || !dst.get().isPerTensor() || bias.isPresent() != node.input(8).isPresent()) {
            return false;
        }
        Optional<Tensor> vector = bias.flatMap(tensor -> vector(tensor, weights.get().shape().dim(1), 1f));
        if (vector.isPresent() != bias.isPresent()) {
            return false;
        }
        DataType type = real ? DataType.F32 : lowering.type(node.inputs().get(7)).type();
        return lower(node, lowering, weights.get(), weightsParams.get(), vector, constants(node, 3, 8), src.get(),
                Fusion.of(node, lowering, 9, type, dst.get()));
    }

    private static boolean integer(Node node, Lowering lowering) {
        Optional<Tensor> weights = right(node, lowering, 1);
        Optional<Tensor> zero = node.input(2).flatMap(lowering::fixed);
        Optional<Tensor> weightZero = node.input(3).flatMap(lowering::fixed);
        boolean known = zero.isPresent() == node.input(2).isPresent()
                && weightZero.isPresent() == node.input(3).isPresent();
        if (weights.isEmpty() || !known || zero.isPresent() && zero.get().shape().elements() != 1) {
            return false;
        }
        QuantParams src = QuantParams.perTensor(1f, (int) (long) zero.map(tensor -> tensor.getLong(0)).orElse(0L));
        Optional<QuantParams> params = weightZero.map(tensor -> Quantization.unit(tensor, 1))
                .orElse(Optional.of(QuantParams.IDENTITY));
        return params.isPresent() && lower(node, lowering, weights.get(), params.get(), Optional.empty(),
                constants(node, 1), src, Fusion.of(node, lowering, 4, DataType.S32, QuantParams.IDENTITY));
    }

    private static boolean lower(Node node, Lowering lowering, Tensor weights, QuantParams weightsParams,
            Optional<Tensor> bias, List<String> constants, QuantParams src, Fusion fusion) {
        DataType dst = fusion.dst();
        String input = node.inputs().getFirst();
        TensorType type = lowering.type(input);
        boolean real = type.type() == DataType.F32;
        boolean types = real ? weights.type() == DataType.F32
                : Quantization.isByte(type.type()) && Quantization.isByte(weights.type())
                        && (dst == DataType.F32 || dst == DataType.S32 || Quantization.isByte(dst));
        long k = weights.shape().dim(0);
        long n = weights.shape().dim(1);
        if (!types || type.shape().rank() < 1 || type.shape().dim(-1) != k
                || !weightsParams.isPerTensor() && weightsParams.count() != n) {
            return false;
        }
        QuantParams params = real ? weightsParams : Quantization.signed(weights.type(), weightsParams);
        Tensor values = real ? weights : Quantization.signed(weights);
        Bias kind = bias.map(tensor -> tensor.type() == DataType.S32 ? Bias.S32 : Bias.F32).orElse(Bias.NONE);
        MatMulSpec denseWhole = new MatMulSpec(type.type(), values.type(), dst, k, n, src, params, fusion.dstParams(),
                kind, fusion.added(), fusion.activation(), 1);
        MatMulSpec densePlain = new MatMulSpec(type.type(), values.type(), fusion.productType(), k, n, src, params,
                fusion.productParams(), kind, Activation.NONE);
        long rows = Math.max(1, k == 0 ? 1 : type.shape().elements() / k);
        SparseChoice zeros = lowering.kernels.sparsity(node, lowering.sparsity(constants.getFirst()), params,
                () -> values.permute(1, 0), (fusion.isPlain() ? denseWhole : densePlain)::with, rows);
        MatMulSpec whole = denseWhole.with(zeros.format());
        MatMulSpec plain = densePlain.with(zeros.format());
        boolean fused = fusion.isPlain() || lowering.kernels.fuses(whole, plain, rows);
        MatMulSpec spec = fused ? whole : plain;
        Pending<MatMul> kernel = lowering.kernels.matMul(node, spec, rows, () -> values, () -> bias, constants,
                lowering.packing);
        // A vector is a matrix of one row.
        boolean vector = type.shape().rank() == 1;
        Shape result = vector ? Shape.of(1, n) : type.shape().with(-1, n);
        int from = lowering.plain(input, node.name());
        from = vector ? lowering.plan.view(from, new TensorType(type.type(), Shape.of(1, k))) : from;
        Optional<Integer> residual = fusion.slot(node, lowering, false);
        int to = lowering.plan.planned(new TensorType(spec.dst(), result));
        if (spec.residual().isPresent()) {
            lowering.step(node, kernel, zeros, new int[] {from, residual.orElseThrow()}, to, fusion.inPlace(1),
                    (in, out) -> kernel.get().run(in[0], in[1], out[0]));
        } else {
            lowering.step(node, kernel, zeros, new int[] {from}, to, -1, (in, out) -> kernel.get().run(in[0], out[0]));
        }
        to = fused ? to : fusion.finish(node, lowering, to, residual);
        lowering.definePlain(node.output(), vector ? lowering.plan.view(to, new TensorType(dst, Shape.of(n))) : to);
        return true;
    }
}
