package io.tersor.model.exec;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * ONNX's Attention of f32 with a cache, windows, or lines of different lengths. Keys and values are joined to those of
 * the cache; which keys a query may read becomes part of the mask unless the kernel's own order, or that they are all,
 * says the same.
 */
final class CachedAttentionLowering {
    private static final int MASK = 3;
    private static final int PAST = 4;
    private static final int LENGTHS = 6;

    private final Node node;
    private final Lowering lowering;
    private final Layout layout;
    private final int heads;
    private final int kvHeads;
    private final Shape q;
    private final long length;
    private final long past;
    private final long total;
    private final AttentionReach reach;

    private CachedAttentionLowering(Node node, Lowering lowering, Layout layout, int heads, int kvHeads) {
        this.node = node;
        this.lowering = lowering;
        this.layout = layout;
        this.heads = heads;
        this.kvHeads = kvHeads;
        this.q = shape(0);
        this.length = q.dim(axis());
        this.past = node.input(PAST).isPresent() ? shape(PAST).dim(2) : 0;
        this.total = past + shape(1).dim(axis());
        this.reach = AttentionReach.of(node);
    }

    /**
     * Adds the steps.
     *
     * @param layout of queries, keys, values and the result
     * @param heads of the queries, a multiple of those of the keys
     * @return false if there is no kernel for this
     */
    static boolean lower(Node node, Lowering lowering, Layout layout, int heads, int kvHeads) {
        boolean fits = node.attributes().real("softcap", 0f) == 0f && !wants(node, 3);
        for (int input = PAST; input < LENGTHS; input++) {
            fits &= node.input(input).map(value -> lowering.type(value).type() == DataType.F32).orElse(true);
        }
        return fits && new CachedAttentionLowering(node, lowering, layout, heads, kvHeads).lower();
    }

    private Shape shape(int input) {
        return lowering.type(node.inputs().get(input)).shape();
    }

    private int axis() {
        return layout == Layout.TOKENS ? 1 : 2;
    }

    private static boolean wants(Node node, int output) {
        return output < node.outputs().size() && !node.outputs().get(output).isEmpty();
    }

    private boolean lower() {
        Shape scores = Shape.of(q.dim(0), heads, length, total);
        Optional<Shape> given = node.input(MASK).flatMap(value -> AttentionLowering.mask(lowering.type(value), scores));
        if (given.isPresent() != node.input(MASK).isPresent() || total > Integer.MAX_VALUE) {
            return false;
        }
        // With lengths the queries are the last of all keys, otherwise they follow the cache.
        long position = node.input(LENGTHS).isPresent() ? total - length : past;
        boolean causal = reach.isPlainlyCausal(position);
        boolean bounded = !causal && !reach.isEverything(position, length, total);
        Optional<Integer> numbers = given.map(shape -> AttentionLowering.additive(node, lowering, shape));
        Optional<Integer> mask = bounded ? Optional.of(bounded(numbers, position)) : numbers;
        int keys = joined(1);
        int values = joined(2);
        Operand stored = Operand.f32(isStored() ? Layout.HEADS : layout);
        int size = size(0, heads);
        int valueSize = size(2, kvHeads);
        AttentionSpec spec = new AttentionSpec(Operand.f32(layout), stored, stored, Operand.f32(layout), heads,
                kvHeads, size, valueSize, node.attributes().real("scale", (float) (1 / Math.sqrt(size))), causal,
                mask.isPresent());
        Shape out = layout == Layout.TOKENS ? q.with(2, (long) heads * valueSize) : q.with(3, valueSize);
        int to = lowering.plan.planned(new TensorType(DataType.F32, out));
        int queries = lowering.plain(node.inputs().getFirst(), node.name());
        if (node.input(LENGTHS).isPresent()) {
            ragged(spec, queries, keys, values, mask, numbers, to);
        } else {
            Attention kernel = lowering.kernels.attention(node, spec);
            int[] in = mask.map(slot -> new int[] {queries, keys, values, slot})
                    .orElse(new int[] {queries, keys, values});
            lowering.step(node, kernel, in, to, -1, (operands, results) ->
                    run(kernel, operands, operands.length > MASK ? operands[MASK] : null, results[0]));
        }
        lowering.definePlain(node.output(), to);
        return true;
    }

    private static void run(Attention kernel, Tensor[] operands, Tensor mask, Tensor to) {
        if (mask == null) {
            kernel.run(operands[0], operands[1], operands[2], to);
        } else {
            kernel.run(operands[0], operands[1], operands[2], mask, to);
        }
    }

    /** Adds the step of lines whose lengths are known when it runs; usually all are full. */
    private void ragged(AttentionSpec full, int queries, int keys, int values, Optional<Integer> mask,
            Optional<Integer> numbers, int to) {
        Attention whole = lowering.kernels.attention(node, full);
        Attention part = lowering.kernels.attention(node, new AttentionSpec(full.q(), full.k(), full.v(), full.dst(),
                heads, kvHeads, full.size(), full.valueSize(), full.scale(), false, true));
        Optional<Shape> given = numbers.map(slot -> lowering.plan.slot(slot).type().shape());
        long planes = given.map(shape -> shape.dim(1)).orElse(1L);
        int bounds = lowering.plan.planned(new TensorType(DataType.F32, Shape.of(q.dim(0), planes, length, total)));
        int lengths = lowering.plain(node.inputs().get(LENGTHS), node.name());
        // What is left out stands for a slot that is there anyway.
        int[] in = {queries, keys, values, mask.orElse(queries), numbers.orElse(queries), lengths};
        TensorType type = lowering.plan.slot(to).type();
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), whole.describe(), type.type(),
                type.shape()), in, new int[] {to, bounds}, -1, (operands, results) -> {
            if (areAll(operands[5], total)) {
                run(whole, operands, mask.isPresent() ? operands[3] : null, results[0]);
                return;
            }
            for (long plane = 0; plane < q.dim(0) * planes; plane++) {
                long valid = operands[5].getLong(plane / planes);
                boolean perImage = given.isPresent() && given.get().dim(0) > 1;
                reach.fill(valid - length, valid, given.isPresent() ? operands[4] : null,
                        perImage ? plane : plane % planes, results[1], plane);
            }
            run(part, operands, results[1], results[0]);
        }));
    }

    private static boolean areAll(Tensor lengths, long total) {
        boolean all = true;
        for (long i = 0; i < lengths.shape().elements(); i++) {
            all &= lengths.getLong(i) == total;
        }
        return all;
    }

    /** Returns the slot of a mask that bounds the queries from a position on, with the given numbers elsewhere. */
    private int bounded(Optional<Integer> numbers, long position) {
        if (numbers.isEmpty()) {
            Tensor bounds = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(1, 1, length, total));
            reach.fill(position, total, null, 0, bounds, 0);
            return lowering.plan.constant(bounds);
        }
        Shape shape = lowering.plan.slot(numbers.get()).type().shape().with(2, length);
        int to = lowering.plan.planned(new TensorType(DataType.F32, shape));
        lowering.step(node, "java/mask", new int[] {numbers.get()}, to, (in, out) -> {
            for (long plane = 0; plane < shape.dim(0) * shape.dim(1); plane++) {
                reach.fill(position, total, in[0], plane, out[0], plane);
            }
        });
        return to;
    }

    private int size(int input, int count) {
        return (int) (layout == Layout.TOKENS ? shape(input).dim(2) / count : shape(input).dim(3));
    }

    /** Returns whether keys and values become [n, heads, length, size], as caches are. */
    private boolean isStored() {
        return past > 0 || wants(node, 1) || wants(node, 2);
    }

    /** Returns the slot of keys or values as the kernel reads them, behind those of the cache. */
    private int joined(int input) {
        int own = lowering.plain(node.inputs().get(input), node.name());
        int slot = own;
        if (past > 0 || isStored() && layout == Layout.TOKENS) {
            long n = q.dim(0);
            int size = size(input, kvHeads);
            long added = total - past;
            slot = lowering.plan.planned(new TensorType(DataType.F32, Shape.of(n, kvHeads, total, size)));
            int cache = past > 0 ? lowering.plain(node.inputs().get(PAST + input - 1), node.name()) : own;
            lowering.step(node, "java/cache", new int[] {own, cache}, slot, (in, out) -> {
                for (long line = 0; line < n * kvHeads; line++) {
                    long to = line * total;
                    copy(in[1].data(), line * past, out[0].data(), to, past, size);
                    if (layout == Layout.HEADS) {
                        copy(in[0].data(), line * added, out[0].data(), to + past, added, size);
                    }
                    for (long i = 0; layout == Layout.TOKENS && i < added; i++) {
                        copy(in[0].data(), (line / kvHeads * added + i) * kvHeads + line % kvHeads, out[0].data(),
                                to + past + i, 1, size);
                    }
                }
            });
        }
        if (wants(node, input)) {
            lowering.definePlain(node.outputs().get(input), slot);
        }
        return slot;
    }

    /** Copies tokens of one head. */
    private static void copy(MemorySegment from, long at, MemorySegment to, long target, long count, long size) {
        long bytes = size * Float.BYTES;
        MemorySegment.copy(from, at * bytes, to, target * bytes, count * bytes);
    }
}
