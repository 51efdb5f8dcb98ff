package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/** Reductions over any set of axes, ArgMax and its relatives, and cumulative sums. */
final class ReduceOps {
    private ReduceOps() {}

    /** What a reduction does with each element, and at the end. */
    private interface Reduction {
        double start();

        double add(double state, double value);

        default double finish(double state, long count) {
            return state;
        }
    }

    private record Simple(double start, DoubleBinaryOperator step,
            DoubleUnaryOperator end) implements Reduction {
        @Override
        public double add(double state, double value) {
            return step.applyAsDouble(state, value);
        }

        @Override
        public double finish(double state, long count) {
            return end.applyAsDouble(state);
        }
    }

    static void register(Map<String, Operator> table) {
        reduce(table, "ReduceSum", 0, Double::sum, Long::sum);
        reduce(table, "ReduceProd", 1, (state, x) -> state * x, (state, x) -> state * x);
        table.put("ReduceL1", context -> !Elements.isInteger(context.type(0))
                ? reduce(context, new Simple(0, (state, x) -> state + Math.abs(x), DoubleUnaryOperator.identity()))
                : integers(context, 0, context.type(0).min() < 0 ? (state, x) -> state + Math.abs(x) : Long::sum,
                        LongUnaryOperator.identity()));
        reduce(table, "ReduceSumSquare", 0, (state, x) -> state + x * x, (state, x) -> state + x * x);
        table.put("ReduceL2", context -> reduce(context, new Simple(0, (state, x) -> state + x * x, Math::sqrt)));
        table.put("ReduceLogSum", context -> reduce(context, new Simple(0, Double::sum, Math::log)));
        table.put("ReduceMax", context -> extreme(context, true));
        table.put("ReduceMin", context -> extreme(context, false));
        table.put("ReduceMean", context -> Elements.isInteger(context.type(0)) ? integerMean(context)
                : reduce(context, new Reduction() {
            @Override
            public double start() {
                return 0;
            }

            @Override
            public double add(double state, double value) {
                return state + value;
            }

            @Override
            public double finish(double state, long count) {
                return state / count;
            }
        }));
        table.put("ReduceLogSumExp", ReduceOps::logSumExp);
        table.put("ArgMax", context -> arg(context, true));
        table.put("ArgMin", context -> arg(context, false));
        table.put("CumSum", ReduceOps::cumulateSums);
        table.put("CumProd", context -> cumulate(context, 1, (a, b) -> a * b, (a, b) -> a * b));
        table.put("TopK", ReduceOps::topK);
    }

    private static void reduce(Map<String, Operator> table, String name, long start, DoubleBinaryOperator real,
            LongBinaryOperator integer) {
        table.put(name, context -> Elements.isInteger(context.type(0))
                ? integers(context, start, integer, LongUnaryOperator.identity())
                : reduce(context, new Simple(start, real, DoubleUnaryOperator.identity())));
    }

    private static Computation extreme(OpContext context, boolean max) {
        DataType type = context.type(0);
        if (!Elements.isInteger(type)) {
            return reduce(context, new Simple(max ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY,
                    max ? Math::max : Math::min, DoubleUnaryOperator.identity()));
        }
        long largest = type == DataType.U64 ? -1 : (long) type.max();
        return integers(context, max ? (long) type.min() : largest,
                (a, b) -> Elements.compare(type, a, b) >= 0 == max ? a : b, LongUnaryOperator.identity());
    }

    private static Computation integerMean(OpContext context) {
        long count = plan(context).count;
        boolean unsigned = context.type(0) == DataType.U64;
        return integers(context, 0, Long::sum, sum -> count == 0 ? 0
                : unsigned ? Long.divideUnsigned(sum, count) : sum / count);
    }

    /** A reduction of integers in 64 bits, of which the result keeps those that its type has. */
    private static Computation integers(OpContext context, long start, LongBinaryOperator step, LongUnaryOperator end) {
        Plan plan = plan(context);
        return Computation.of(plan.output, (in, out) -> {
            long[] state = new long[Math.toIntExact(plan.kept.elements())];
            Arrays.fill(state, start);
            long[] values = new long[ElementRuns.CHUNK];
            boolean usual = ElementRuns.servesInteger(in[0].type());
            plan.loop.run((at, target, stride, count) -> {
                for (long done = 0; done < count; done += values.length) {
                    int length = (int) Math.min(values.length, count - done);
                    if (usual) {
                        ElementRuns.read(in[0], at + done, values, length);
                    } else {
                        for (int i = 0; i < length; i++) {
                            values[i] = in[0].getLong(at + done + i);
                        }
                    }
                    fold(state, (int) (target[0] + done * stride[0]), (int) stride[0], values, length, step);
                }
            });
            for (int i = 0; i < state.length; i++) {
                out[0].setLong(i, end.applyAsLong(state[i]));
            }
        });
    }

    private static void fold(long[] state, int first, int stride, long[] values, int count, LongBinaryOperator step) {
        if (stride == 0) {
            long all = state[first];
            for (int i = 0; i < count; i++) {
                all = step.applyAsLong(all, values[i]);
            }
            state[first] = all;
            return;
        }
        for (int i = 0; i < count; i++) {
            state[first + i * stride] = step.applyAsLong(state[first + i * stride], values[i]);
        }
    }

    /** The shape of the result with and without the reduced axes, and where each element goes. */
    private record Plan(TensorType output, Shape kept, BroadcastLoop loop, long count) {}

    private static Plan plan(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        long[] given = ShapeOps.axes(context, 1);
        boolean identity = given.length == 0 && context.attributes().integer("noop_with_empty_axes", 0) != 0;
        int[] axes = Shapes.axes(context, given, rank);
        long[] kept = input.shape().dims();
        List<Long> dropped = new ArrayList<>();
        boolean keep = context.attributes().integer("keepdims", 1) != 0;
        for (int axis = 0; axis < rank; axis++) {
            boolean reduced = !identity && (given.length == 0 || Arrays.binarySearch(axes, axis) >= 0);
            kept[axis] = reduced ? 1 : kept[axis];
            if (keep || !reduced) {
                dropped.add(kept[axis]);
            }
        }
        Shape keptShape = Shape.of(kept);
        Shape shape = Shape.of(dropped.stream().mapToLong(Long::longValue).toArray());
        long count = keptShape.elements() == 0 ? 0 : input.shape().elements() / keptShape.elements();
        return new Plan(new TensorType(input.type(), shape), keptShape,
                new BroadcastLoop(input.shape(), keptShape), count);
    }

    private static Computation reduce(OpContext context, Reduction reduction) {
        Plan plan = plan(context);
        DataType type = plan.output.type();
        return Computation.of(plan.output, (in, out) -> {
            double[] state = new double[Math.toIntExact(plan.kept.elements())];
            Arrays.fill(state, reduction.start());
            plan.loop.run((at, target, step, count) -> {
                for (long i = 0; i < count; i++) {
                    int index = (int) (target[0] + i * step[0]);
                    state[index] = reduction.add(state[index], in[0].get(at + i));
                }
            });
            store(out[0], type, state, i -> reduction.finish(state[i], plan.count));
        });
    }

    private interface Result {
        double at(int index);
    }

    private static void store(Tensor out, DataType type, double[] state, Result result) {
        for (int i = 0; i < state.length; i++) {
            double value = result.at(i);
            if (type.isFloating()) {
                out.set(i, value);
            } else if (type == DataType.BOOL) {
                out.setLong(i, value > 0 ? 1 : 0);
            } else {
                out.setLong(i, (long) Math.clamp(value, type.min(), type.max()));
            }
        }
    }

    /** log(sum(exp(x))), shifted by the largest element so that nothing overflows. */
    private static Computation logSumExp(OpContext context) {
        Plan plan = plan(context);
        return Computation.of(plan.output, (in, out) -> {
            double[] max = new double[Math.toIntExact(plan.kept.elements())];
            double[] sum = new double[max.length];
            Arrays.fill(max, Double.NEGATIVE_INFINITY);
            plan.loop.run((at, target, step, count) -> {
                for (long i = 0; i < count; i++) {
                    int index = (int) (target[0] + i * step[0]);
                    max[index] = Math.max(max[index], in[0].get(at + i));
                }
            });
            plan.loop.run((at, target, step, count) -> {
                for (long i = 0; i < count; i++) {
                    int index = (int) (target[0] + i * step[0]);
                    sum[index] += Double.isInfinite(max[index]) ? 0 : Math.exp(in[0].get(at + i) - max[index]);
                }
            });
            store(out[0], plan.output.type(), max, i -> Double.isInfinite(max[i]) ? max[i] : max[i] + Math.log(sum[i]));
        });
    }

    private static Computation arg(OpContext context, boolean max) {
        Shape src = context.shape(0);
        int axis = context.axis(context.attributes().integer("axis", 0), src.rank());
        boolean last = context.attributes().integer("select_last_index", 0) != 0;
        boolean keep = context.attributes().integer("keepdims", 1) != 0;
        context.check(src.dim(axis) > 0, 0, "at least one element along axis " + axis);
        List<Long> dims = new ArrayList<>();
        for (int i = 0; i < src.rank(); i++) {
            if (i != axis || keep) {
                dims.add(i == axis ? 1 : src.dim(i));
            }
        }
        long inner = Shapes.product(src, axis + 1, src.rank());
        long extent = src.dim(axis);
        Shape shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
        if (servesLines(context, extent)) {
            FloatLines lines = new FloatLines(Shapes.product(src, 0, axis), (int) extent, inner);
            return Computation.of(new TensorType(DataType.S64, shape), (in, out) -> lines.arg(in[0], out[0], max,
                    last));
        }
        return Computation.of(new TensorType(DataType.S64, shape), (in, out) -> {
            for (long i = 0; i < shape.elements(); i++) {
                long start = i / inner * extent * inner + i % inner;
                long best = 0;
                for (long k = 1; k < extent; k++) {
                    int order = Elements.compare(in[0], start + k * inner, start + best * inner);
                    order = max ? order : -order;
                    best = order > 0 || order == 0 && last ? k : best;
                }
                out[0].setLong(i, best);
            }
        });
    }

    private static boolean servesLines(OpContext context, long extent) {
        return context.type(0) == DataType.F32 && extent <= Integer.MAX_VALUE;
    }

    private static Computation cumulateSums(OpContext context) {
        Shape shape = context.shape(0);
        int axis = context.axis(context.value(1).getLong(0), shape.rank());
        if (!servesLines(context, shape.dim(axis))) {
            return cumulate(context, 0, Double::sum, Long::sum);
        }
        boolean exclusive = context.attributes().integer("exclusive", 0) != 0;
        boolean reverse = context.attributes().integer("reverse", 0) != 0;
        FloatLines lines = new FloatLines(Shapes.product(shape, 0, axis), (int) shape.dim(axis),
                Shapes.product(shape, axis + 1, shape.rank()));
        return Computation.of(context.input(0), (in, out) -> lines.cumulate(in[0], out[0], exclusive, reverse));
    }

    private static Computation cumulate(OpContext context, long neutral, DoubleBinaryOperator real,
            LongBinaryOperator integer) {
        TensorType input = context.input(0);
        int axis = context.axis(context.value(1).getLong(0), input.shape().rank());
        boolean exclusive = context.attributes().integer("exclusive", 0) != 0;
        boolean reverse = context.attributes().integer("reverse", 0) != 0;
        boolean floating = input.type().isFloating();
        long inner = Shapes.product(input.shape(), axis + 1, input.shape().rank());
        long extent = input.shape().dim(axis);
        boolean runs = ElementRuns.servesInteger(input.type()) && inner == 1 && !reverse;
        return Computation.of(input, (in, out) -> {
            for (long line = 0; line < input.shape().elements() / Math.max(1, extent); line++) {
                long start = line / inner * extent * inner + line % inner;
                if (runs) {
                    cumulate(in[0], out[0], start, extent, neutral, integer, exclusive);
                    continue;
                }
                double state = neutral;
                long exact = neutral;
                for (long k = 0; k < extent; k++) {
                    long at = start + (reverse ? extent - 1 - k : k) * inner;
                    if (floating) {
                        double next = real.applyAsDouble(state, in[0].get(at));
                        out[0].set(at, exclusive ? state : next);
                        state = next;
                    } else {
                        long next = integer.applyAsLong(exact, in[0].getLong(at));
                        out[0].setLong(at, exclusive ? exact : next);
                        exact = next;
                    }
                }
            }
        });
    }

    /** A line of integers that are neighbours, from the first to the last. */
    private static void cumulate(Tensor from, Tensor to, long start, long extent, long neutral,
            LongBinaryOperator step, boolean exclusive) {
        long[] run = new long[(int) Math.min(ElementRuns.CHUNK, extent)];
        long state = neutral;
        for (long done = 0; done < extent; done += run.length) {
            int count = (int) Math.min(run.length, extent - done);
            ElementRuns.read(from, start + done, run, count);
            for (int i = 0; i < count; i++) {
                long next = step.applyAsLong(state, run[i]);
                run[i] = exclusive ? state : next;
                state = next;
            }
            ElementRuns.write(run, count, to, start + done);
        }
    }

    private static Computation topK(OpContext context) {
        TensorType input = context.input(0);
        int axis = context.axis(context.attributes().integer("axis", -1), input.shape().rank());
        long k = context.has(1) ? context.value(1).getLong(0) : context.attributes().integer("k", 1);
        long extent = input.shape().dim(axis);
        context.require(k >= 0 && k <= extent, "k", "0 to " + extent, k);
        int sign = context.attributes().integer("largest", 1) != 0 ? -1 : 1;
        long inner = Shapes.product(input.shape(), axis + 1, input.shape().rank());
        Shape shape = input.shape().with(axis, k);
        List<TensorType> outputs = List.of(new TensorType(input.type(), shape), new TensorType(DataType.S64, shape));
        if (servesLines(context, extent)) {
            FloatLines lines = new FloatLines(Shapes.product(input.shape(), 0, axis), (int) extent, inner);
            return new Computation(outputs, Computation.Kind.GENERAL, (in, out) ->
                    topOf(lines, in[0], (int) k, sign < 0, out));
        }
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> {
            Integer[] order = new Integer[Math.toIntExact(extent)];
            for (long line = 0; line < input.shape().elements() / Math.max(1, extent); line++) {
                long start = line / inner * extent * inner + line % inner;
                for (int i = 0; i < order.length; i++) {
                    order[i] = i;
                }
                Arrays.sort(order, (a, b) -> sign * Elements.compare(in[0], start + a * inner, start + b * inner));
                long target = line / inner * k * inner + line % inner;
                for (int i = 0; i < k; i++) {
                    Elements.copy(in[0], start + order[i] * inner, out[0], target + i * inner);
                    if (Elements.given(out, 1)) {
                        out[1].setLong(target + i * inner, order[i]);
                    }
                }
            }
        });
    }

    private static void topOf(FloatLines lines, Tensor from, int k, boolean largest, Tensor[] out) {
        if (k == 0) {
            return;
        }
        FloatTop top = new FloatTop(lines.extent(), k, largest);
        MemorySegment src = from.data();
        MemorySegment values = out[0].data();
        MemorySegment places = Elements.given(out, 1) ? out[1].data() : MemorySegment.NULL;
        long inner = lines.inner();
        for (long o = 0; o < lines.outer(); o++) {
            for (long i = 0; i < inner; i++) {
                long start = o * lines.extent() * inner + i;
                top.find(src, start, inner);
                for (int n = 0; n < k; n++) {
                    long chosen = top.place(n);
                    long target = (o * k + n) * inner + i;
                    values.setAtIndex(JAVA_INT, target, src.getAtIndex(JAVA_INT, start + chosen * inner));
                    if (places != MemorySegment.NULL) {
                        places.setAtIndex(JAVA_LONG, target, chosen);
                    }
                }
            }
        }
    }
}
