package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators that choose or place slices: Compress, Unique, ReverseSequence, TensorScatter, NonMaxSuppression. */
final class SelectOps {
    private SelectOps() {}

    static void register(Map<String, Operator> table) {
        table.put("Compress", SelectOps::compress);
        table.put("Unique", SelectOps::unique);
        table.put("ReverseSequence", SelectOps::reverseSequence);
        table.put("TensorScatter", SelectOps::tensorScatter);
        table.put("NonMaxSuppression", SelectOps::nonMaxSuppression);
    }

    /** The slices of a tensor along an axis, or its elements where there is none. */
    private record Slices(long outer, long extent, long inner) {
        static Slices of(OpContext context) {
            Shape shape = context.shape(0);
            if (!context.attributes().has("axis")) {
                return new Slices(1, shape.elements(), 1);
            }
            int axis = context.axis(context.attributes().integer("axis", 0), shape.rank());
            return new Slices(Shapes.product(shape, 0, axis), shape.dim(axis),
                    Shapes.product(shape, axis + 1, shape.rank()));
        }

        /** Returns the shape with another number of slices. */
        Shape shape(OpContext context, long count) {
            return context.attributes().has("axis") ? context.shape(0).with(
                    context.axis(context.attributes().integer("axis", 0), context.shape(0).rank()), count)
                    : Shape.of(count);
        }

        void copy(Tensor from, long[] chosen, Tensor to, int bytes) {
            for (long o = 0; o < outer; o++) {
                for (int k = 0; k < chosen.length; k++) {
                    to.data().asSlice((o * chosen.length + k) * inner * bytes, inner * bytes)
                            .copyFrom(from.data().asSlice((o * extent + chosen[k]) * inner * bytes, inner * bytes));
                }
            }
        }
    }

    /** The result's extent follows from the condition, so that has to be known when shapes are. */
    private static Computation compress(OpContext context) {
        context.check(context.type(1) == DataType.BOOL && context.shape(1).rank() == 1, 1, "bool of one axis");
        Slices slices = Slices.of(context);
        Tensor condition = context.value(1);
        context.check(condition.shape().elements() <= slices.extent, 1, "at most " + slices.extent + " elements");
        int bytes = Elements.bytes(context, context.input(0));
        List<Long> list = new ArrayList<>();
        for (long i = 0; i < condition.shape().elements(); i++) {
            if (condition.getLong(i) != 0) {
                list.add(i);
            }
        }
        long[] chosen = list.stream().mapToLong(Long::longValue).toArray();
        return Computation.of(new TensorType(context.type(0), slices.shape(context, chosen.length)),
                (in, out) -> slices.copy(in[0], chosen, out[0], bytes));
    }

    /** Unique slices in ascending order or that of their first occurrence; the number follows from the elements. */
    private static Computation unique(OpContext context) {
        Slices slices = Slices.of(context);
        Tensor data = context.value(0);
        int bytes = Elements.bytes(context, context.input(0));
        int extent = Math.toIntExact(slices.extent);
        Integer[] sorted = new Integer[extent];
        Arrays.setAll(sorted, i -> i);
        Arrays.sort(sorted, (a, b) -> compare(slices, data, a, b));
        // Groups of equal slices, each led by the one that comes first: the sort is stable.
        int[] leader = new int[extent];
        List<Integer> leaders = new ArrayList<>();
        for (int i = 0; i < extent; i++) {
            boolean fresh = i == 0 || compare(slices, data, sorted[i - 1], sorted[i]) != 0;
            leader[sorted[i]] = fresh ? sorted[i] : leader[sorted[i - 1]];
            if (fresh) {
                leaders.add(sorted[i]);
            }
        }
        if (context.attributes().integer("sorted", 1) == 0) {
            leaders.sort(null);
        }
        int[] rank = new int[extent];
        for (int k = 0; k < leaders.size(); k++) {
            rank[leaders.get(k)] = k;
        }
        long[] first = leaders.stream().mapToLong(Integer::longValue).toArray();
        long[] inverse = new long[extent];
        long[] counts = new long[first.length];
        for (int i = 0; i < extent; i++) {
            inverse[i] = rank[leader[i]];
            counts[rank[leader[i]]]++;
        }
        TensorType found = new TensorType(DataType.S64, Shape.of(first.length));
        List<TensorType> outputs = List.of(new TensorType(context.type(0), slices.shape(context, first.length)), found,
                new TensorType(DataType.S64, Shape.of(extent)), found);
        return new Computation(outputs.subList(0, Math.min(4, context.node().outputs().size())),
                Computation.Kind.GENERAL, (in, out) -> {
            if (Elements.given(out, 0)) {
                slices.copy(in[0], first, out[0], bytes);
            }
            store(out, 1, first);
            store(out, 2, inverse);
            store(out, 3, counts);
        });
    }

    private static int compare(Slices slices, Tensor data, int a, int b) {
        for (long o = 0; o < slices.outer; o++) {
            for (long i = 0; i < slices.inner; i++) {
                long left = (o * slices.extent + a) * slices.inner + i;
                long right = (o * slices.extent + b) * slices.inner + i;
                int order = Elements.compare(data, left, right);
                if (order != 0) {
                    return order;
                }
            }
        }
        return 0;
    }

    private static void store(Tensor[] out, int output, long[] values) {
        for (int i = 0; Elements.given(out, output) && i < values.length; i++) {
            out[output].setLong(i, values[i]);
        }
    }

    private static Computation reverseSequence(OpContext context) {
        TensorType input = context.input(0);
        Shape shape = input.shape();
        context.check(shape.rank() >= 2, 0, "at least two axes");
        int batch = context.axis(context.attributes().integer("batch_axis", 1), shape.rank());
        int time = context.axis(context.attributes().integer("time_axis", 0), shape.rank());
        context.require(batch != time && batch < 2 && time < 2, "batch_axis, time_axis", "0 and 1, or 1 and 0",
                batch + " and " + time);
        context.check(context.shape(1).equals(Shape.of(shape.dim(batch))), 1, "[" + shape.dim(batch) + "]");
        long inner = Shapes.product(shape, 2, shape.rank()) * Elements.bytes(context, input);
        String operand = context.operand(1);
        return Computation.of(input, (in, out) -> {
            for (long b = 0; b < shape.dim(batch); b++) {
                long length = in[1].getLong(b);
                if (length < 0 || length > shape.dim(time)) {
                    throw new OperandException(operand, "lengths from 0 to " + shape.dim(time), length);
                }
                for (long t = 0; t < shape.dim(time); t++) {
                    long source = t < length ? length - 1 - t : t;
                    long from = batch == 0 ? b * shape.dim(1) + source : source * shape.dim(1) + b;
                    long to = batch == 0 ? b * shape.dim(1) + t : t * shape.dim(1) + b;
                    out[0].data().asSlice(to * inner, inner).copyFrom(in[0].data().asSlice(from * inner, inner));
                }
            }
        });
    }

    /** TensorScatter: writes new positions into a cache, each sequence from its own index on. */
    private static Computation tensorScatter(OpContext context) {
        TensorType cache = context.input(0);
        Shape shape = cache.shape();
        int axis = context.axis(context.attributes().integer("axis", -2), shape.rank());
        context.require(axis > 0, "axis", "not the batch's", axis);
        Shape update = context.shape(1);
        context.check(context.type(1) == cache.type() && update.rank() == shape.rank()
                && update.dim(axis) <= shape.dim(axis) && update.with(axis, shape.dim(axis)).equals(shape), 1,
                cache.type() + " " + shape + ", shorter along axis " + axis);
        boolean circular = context.attributes().text("mode", "linear").equals("circular");
        if (context.has(2)) {
            context.check(context.shape(2).equals(Shape.of(shape.dim(0))), 2, "[" + shape.dim(0) + "]");
        }
        boolean indexed = context.has(2);
        long capacity = shape.dim(axis);
        long steps = update.dim(axis);
        long perBatch = Shapes.product(shape, 1, axis);
        long inner = Shapes.product(shape, axis + 1, shape.rank()) * Elements.bytes(context, cache);
        String operand = context.operand(2);
        return Computation.of(cache, (in, out) -> {
            out[0].data().copyFrom(in[0].data());
            for (long o = 0; o < shape.dim(0) * perBatch; o++) {
                long start = indexed ? in[2].getLong(o / perBatch) : 0;
                if (start < 0 || !circular && start > capacity - steps) {
                    throw new OperandException(operand, "indices from 0 to " + (capacity - steps), start);
                }
                for (long s = 0; s < steps; s++) {
                    long at = o * capacity + (start + s) % capacity;
                    out[0].data().asSlice(at * inner, inner)
                            .copyFrom(in[1].data().asSlice((o * steps + s) * inner, inner));
                }
            }
        });
    }

    /** The number of boxes follows from the elements, so they have to be known when shapes are. */
    private static Computation nonMaxSuppression(OpContext context) {
        Shape boxes = context.shape(0);
        Shape scores = context.shape(1);
        context.check(boxes.rank() == 3 && boxes.dim(2) == 4, 0, "[n, boxes, 4]");
        context.check(scores.rank() == 3 && scores.dim(0) == boxes.dim(0) && scores.dim(2) == boxes.dim(1), 1,
                "[" + boxes.dim(0) + ", classes, " + boxes.dim(1) + "]");
        long limit = context.has(2) ? context.value(2).getLong(0) : 0;
        double overlap = context.has(3) ? context.value(3).get(0) : 0;
        double least = context.has(4) ? context.value(4).get(0) : Double.NEGATIVE_INFINITY;
        boolean centred = context.attributes().integer("center_point_box", 0) != 0;
        Tensor corners = context.value(0);
        Tensor values = context.value(1);
        int count = Math.toIntExact(boxes.dim(1));
        List<long[]> selected = new ArrayList<>();
        double[] scored = new double[count];
        long[] order = new long[count];
        double[] kept = new double[0];
        for (long line = 0; line < scores.dim(0) * scores.dim(1) && limit > 0; line++) {
            long image = line / scores.dim(1);
            load(values, line * count, scored);
            int candidates = ordered(scored, least, order);
            int found = 0;
            for (int i = 0; i < candidates && found < limit; i++) {
                int box = (int) order[i];
                if (4 * found == kept.length) {
                    kept = Arrays.copyOf(kept, Math.max(64, 2 * kept.length));
                }
                box(corners, (image * count + box) * 4, centred, kept, 4 * found);
                if (isApart(kept, found, overlap)) {
                    found++;
                    selected.add(new long[] {image, line % scores.dim(1), box});
                }
            }
        }
        return Computation.of(new TensorType(DataType.S64, Shape.of(selected.size(), 3)), (_, out) -> {
            for (int i = 0; i < selected.size() * 3; i++) {
                out[0].setLong(i, selected.get(i / 3)[i % 3]);
            }
        });
    }

    private static void load(Tensor from, long at, double[] to) {
        if (ElementRuns.serves(from.type())) {
            ElementRuns.read(from, at, to, to.length);
            return;
        }
        for (int i = 0; i < to.length; i++) {
            to[i] = from.get(at + i);
        }
    }

    /**
     * Fills in the boxes of scores above the least one, the highest first and of equal ones the first; returns how
     * many.
     */
    private static int ordered(double[] scores, double least, long[] order) {
        int count = 0;
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] > least) {
                // A float's bits, turned so that higher ones are less, above the box's number.
                int bits = Float.floatToIntBits((float) scores[i] + 0f);
                int key = ~(bits ^ bits >> 31 & Integer.MAX_VALUE);
                order[count++] = (long) key << 32 | i;
            }
        }
        Arrays.sort(order, 0, count);
        return count;
    }

    /** Stores low and high y, low and high x. */
    private static void box(Tensor boxes, long at, boolean centred, double[] to, int target) {
        double a = boxes.get(at);
        double b = boxes.get(at + 1);
        double c = boxes.get(at + 2);
        double d = boxes.get(at + 3);
        to[target] = centred ? b - d / 2 : Math.min(a, c);
        to[target + 1] = centred ? b + d / 2 : Math.max(a, c);
        to[target + 2] = centred ? a - c / 2 : Math.min(b, d);
        to[target + 3] = centred ? a + c / 2 : Math.max(b, d);
    }

    /**
     * Returns whether the box behind some others shares no more than the limit with any of them: intersection over
     * union.
     */
    private static boolean isApart(double[] boxes, int others, double limit) {
        int at = 4 * others;
        double area = (boxes[at + 1] - boxes[at]) * (boxes[at + 3] - boxes[at + 2]);
        for (int i = 0; i < at; i += 4) {
            double height = Math.min(boxes[at + 1], boxes[i + 1]) - Math.max(boxes[at], boxes[i]);
            double width = Math.min(boxes[at + 3], boxes[i + 3]) - Math.max(boxes[at + 2], boxes[i + 2]);
            double common = Math.max(0, height) * Math.max(0, width);
            double union = area + (boxes[i + 1] - boxes[i]) * (boxes[i + 3] - boxes[i + 2]) - common;
            if ((union <= 0 ? 0 : common / union) > limit) {
                return false;
            }
        }
        return true;
    }
}
