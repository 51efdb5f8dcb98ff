package io.tersor.model.exec;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.model.Node;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Map;
import java.util.Optional;

/** Attention: ONNX's operator, and what FuseAttention makes. */
final class AttentionLowering {
    /** The input that is the scale of the probabilities, if they are quantized; then their zero point. */
    private static final int PROBABILITIES = 12;
    /** The input that is the number which scores are multiplied by, beside the attribute. */
    private static final int NUMBER = 14;

    private AttentionLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Attention", AttentionLowering::operator);
        table.put(Node.INTERNAL + ".Attention", AttentionLowering::fused);
    }

    private static boolean operator(Node node, Lowering lowering) {
        TensorType q = lowering.type(node.inputs().get(0));
        TensorType k = lowering.type(node.inputs().get(1));
        TensorType v = lowering.type(node.inputs().get(2));
        int rank = q.shape().rank();
        if (q.type() != DataType.F32 || k.type() != DataType.F32 || v.type() != DataType.F32
                || k.shape().rank() != rank || v.shape().rank() != rank) {
            return false;
        }
        boolean plain = node.outputs().size() == 1 && node.input(4).isEmpty() && node.input(5).isEmpty()
                && node.input(6).isEmpty() && node.attributes().real("softcap", 0f) == 0f
                && node.attributes().integer("left_window_size", -1) < 0
                && node.attributes().integer("right_window_size", -1) < 0;
        Layout layout = rank == 3 ? Layout.TOKENS : Layout.HEADS;
        long heads = rank == 3 ? node.attributes().integer("q_num_heads", 0) : q.shape().dim(1);
        long kvHeads = rank == 3 ? node.attributes().integer("kv_num_heads", 0) : k.shape().dim(1);
        if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0 || q.shape().elements() == 0) {
            return false;
        }
        if (!plain) {
            return CachedAttentionLowering.lower(node, lowering, layout, Math.toIntExact(heads),
                    Math.toIntExact(kvHeads));
        }
        long size = rank == 3 ? q.shape().dim(2) / heads : q.shape().dim(3);
        long valueSize = rank == 3 ? v.shape().dim(2) / kvHeads : v.shape().dim(3);
        int tokens = rank == 3 ? 1 : 2;
        Shape scores = Shape.of(q.shape().dim(0), heads, q.shape().dim(tokens), k.shape().dim(tokens));
        Optional<Shape> mask = node.input(3).flatMap(value -> mask(lowering.type(value), scores));
        if (mask.isPresent() != node.input(3).isPresent()) {
            return false;
        }
        Operand operand = Operand.f32(layout);
        AttentionSpec spec = new AttentionSpec(operand, operand, operand, operand, (int) heads, (int) kvHeads,
                (int) size, (int) valueSize, node.attributes().real("scale", (float) (1 / Math.sqrt(size))),
                node.attributes().integer("is_causal", 0) != 0, mask.isPresent());
        Shape out = rank == 3 ? Shape.of(q.shape().dim(0), q.shape().dim(1), heads * valueSize)
                : Shape.of(q.shape().dim(0), heads, q.shape().dim(2), valueSize);
        int to = lower(node, lowering, spec, q.shape(), k.shape(), v.shape(), mask, out);
        lowering.definePlain(node.output(), to);
        return true;
    }

    private static boolean fused(Node node, Lowering lowering) {
        Optional<Operand> q = operand(node, lowering, 0, "q_tokens");
        Optional<Operand> k = operand(node, lowering, 1, "k_tokens");
        Optional<Operand> v = operand(node, lowering, 2, "v_tokens");
        Optional<Operand> dst = operand(node, lowering, 3, "out_tokens");
        Optional<Double> number = node.input(NUMBER).map(value -> lowering.fixed(value).map(one -> one.get(0)))
                .orElse(Optional.of(1.0));
        if (q.isEmpty() || k.isEmpty() || v.isEmpty() || dst.isEmpty() || number.isEmpty()) {
            return false;
        }
        Shape queries = images(lowering.type(node.inputs().get(0)).shape());
        Shape keys = images(lowering.type(node.inputs().get(1)).shape());
        Shape values = images(lowering.type(node.inputs().get(2)).shape());
        Shape scores = Shape.of(queries.dim(0), heads(queries, q.get()), length(queries, q.get()),
                length(keys, k.get()));
        Optional<Shape> mask = node.input(3).flatMap(value -> mask(lowering.type(value), scores));
        if (mask.isPresent() != node.input(3).isPresent()) {
            return false;
        }
        Optional<QuantParams> probabilities = node.input(PROBABILITIES).flatMap(_ ->
                NodeParams.quantization(node, lowering, PROBABILITIES, PROBABILITIES + 1, 0));
        AttentionSpec spec = new AttentionSpec(q.get(), k.get(), v.get(), dst.get(), (int) heads(queries, q.get()),
                (int) heads(keys, k.get()), (int) queries.dim(3), (int) values.dim(3),
                (float) (node.attributes().real("scale", 1f) * number.get()), false, mask.isPresent(), probabilities);
        long n = queries.dim(0);
        long length = length(queries, q.get());
        boolean tokens = dst.get().layout() == Layout.TOKENS;
        Shape inMemory = tokens ? Shape.of(n, length, (long) spec.heads() * spec.valueSize())
                : Shape.of(n, spec.heads(), length, spec.valueSize());
        Shape out = tokens ? Shape.of(n, length, spec.heads(), spec.valueSize()) : inMemory;
        int to = lower(node, lowering, spec, joined(queries, q.get()), joined(keys, k.get()),
                joined(values, v.get()), mask, inMemory);
        int rank = lowering.type(node.inputs().get(0)).shape().rank();
        lowering.definePlain(node.output(), lowering.plan.view(to, new TensorType(dst.get().type(),
                rank == 3 ? Shape.of(out.dim(1), out.dim(2), out.dim(3)) : out)));
        return true;
    }

    /** Returns four extents, one image being added to [heads, length, size]. */
    private static Shape images(Shape shape) {
        return shape.rank() == 3 ? Shape.of(1, shape.dim(0), shape.dim(1), shape.dim(2)) : shape;
    }

    private static long heads(Shape shape, Operand operand) {
        return shape.dim(operand.layout() == Layout.TOKENS ? 2 : 1);
    }

    private static long length(Shape shape, Operand operand) {
        return shape.dim(operand.layout() == Layout.TOKENS ? 1 : 2);
    }

    /** Returns [n, length, heads * size] of [n, length, heads, size]. */
    private static Shape joined(Shape shape, Operand operand) {
        return operand.layout() == Layout.TOKENS ? Shape.of(shape.dim(0), shape.dim(1), shape.dim(2) * shape.dim(3))
                : shape;
    }

    /** Returns an operand of a fused node, the result being the last; its scale and zero point are inputs from 4 on. */
    private static Optional<Operand> operand(Node node, Lowering lowering, int index, String attribute) {
        Layout layout = node.attributes().integer(attribute, 0) != 0 ? Layout.TOKENS : Layout.HEADS;
        int scale = 4 + 2 * index;
        if (node.input(scale).isEmpty()) {
            return Optional.of(Operand.f32(layout));
        }
        DataType type = lowering.type(node.inputs().get(scale + 1)).type();
        return NodeParams.quantization(node, lowering, scale, scale + 1, 0).filter(QuantParams::isPerTensor)
                .map(params -> new Operand(type, params, layout));
    }

    /** Returns the four extents of a mask that kernels take. */
    static Optional<Shape> mask(TensorType type, Shape scores) {
        Shape shape = type.shape();
        long[] dims = {1, 1, 1, 1};
        boolean fits = (type.type() == DataType.F32 || type.type() == DataType.BOOL) && shape.rank() >= 1
                && shape.rank() <= 4 && shape.dim(-1) == scores.dim(3);
        for (int axis = 0; fits && axis < shape.rank(); axis++) {
            int to = 4 - shape.rank() + axis;
            dims[to] = shape.dim(axis);
            fits = dims[to] == 1 || dims[to] == scores.dim(to);
        }
        return fits ? Optional.of(Shape.of(dims)) : Optional.empty();
    }

    private static int lower(Node node, Lowering lowering, AttentionSpec spec, Shape q, Shape k, Shape v,
            Optional<Shape> mask, Shape out) {
        Attention kernel = lowering.kernels.attention(node, spec);
        int to = lowering.plan.planned(new TensorType(spec.dst().type(), out));
        int queries = view(node, lowering, 0, spec.q(), q);
        int keys = view(node, lowering, 1, spec.k(), k);
        int values = view(node, lowering, 2, spec.v(), v);
        if (mask.isPresent()) {
            lowering.step(node, kernel, new int[] {queries, keys, values, additive(node, lowering, mask.get())}, to, -1,
                    (in, result) -> kernel.run(in[0], in[1], in[2], in[3], result[0]));
        } else {
            lowering.step(node, kernel, new int[] {queries, keys, values}, to, -1,
                    (in, result) -> kernel.run(in[0], in[1], in[2], result[0]));
        }
        return to;
    }

    private static int view(Node node, Lowering lowering, int input, Operand operand, Shape shape) {
        int slot = lowering.plain(node.inputs().get(input), node.name());
        return lowering.plan.view(slot, new TensorType(operand.type(), shape));
    }

    /** Returns the slot of an f32 mask, made of a bool one if need be: 0 where it is true, else -infinity. */
    static int additive(Node node, Lowering lowering, Shape shape) {
        String value = node.inputs().get(3);
        DataType type = lowering.type(value).type();
        int slot = lowering.plan.view(lowering.plain(value, node.name()), new TensorType(type, shape));
        if (type == DataType.F32) {
            return slot;
        }
        int to = lowering.plan.planned(new TensorType(DataType.F32, shape));
        lowering.step(node, "java/mask", new int[] {slot}, to, (in, out) -> {
            for (long i = 0; i < shape.elements(); i++) {
                out[0].set(i, in[0].getLong(i) != 0 ? 0 : Double.NEGATIVE_INFINITY);
            }
        });
        return to;
    }
}
