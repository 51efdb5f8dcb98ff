package io.tersor.model.ops;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Normalizations and softmax. Sums are taken in binary64. */
final class NormOps {
    private NormOps() {}

    static void register(Map<String, Operator> table) {
        table.put("BatchNormalization", NormOps::batch);
        table.put("InstanceNormalization", NormOps::instance);
        table.put("LayerNormalization", NormOps::layer);
        table.put("RMSNormalization", NormOps::rms);
        table.put("GroupNormalization", NormOps::group);
        table.put("LRN", NormOps::lrn);
        table.put("LpNormalization", NormOps::lp);
        table.put("MeanVarianceNormalization", NormOps::meanVariance);
        table.put("Softmax", context -> softmax(context, Kind.SOFTMAX));
        table.put("LogSoftmax", context -> softmax(context, Kind.LOG_SOFTMAX));
        table.put("Hardmax", context -> softmax(context, Kind.HARDMAX));
    }

    private static Computation batch(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        // Before opset 9 there could be statistics for each place in the image.
        boolean everywhere = context.attributes().integer("spatial", 1) == 0 && context.opset() < 9 && rank > 0;
        Shape statistics = everywhere ? Shape.of(Arrays.copyOfRange(input.shape().dims(), 1, rank))
                : Shape.of(rank > 1 ? input.shape().dim(1) : 1);
        for (int i = 1; i <= 4; i++) {
            context.check(context.shape(i).equals(statistics), i, statistics.toString());
        }
        long channels = statistics.elements();
        boolean training = context.attributes().integer("training_mode", 0) != 0;
        if (!training && context.wants(1) || training && context.node().outputs().size() > 3) {
            throw context.unsupported("saved statistics of training");
        }
        float epsilon = context.attributes().real("epsilon", 1e-5f);
        if (training) {
            return batchTraining(context, epsilon);
        }
        long inner = everywhere ? 1 : Shapes.product(input.shape(), Math.min(2, rank), rank);
        return Computation.of(input, (in, out) -> {
            for (long plane = 0; plane < input.shape().elements() / Math.max(1, inner); plane++) {
                long c = plane % channels;
                double factor = in[1].get(c) / Math.sqrt(in[4].get(c) + epsilon);
                double shift = in[2].get(c) - in[3].get(c) * factor;
                for (long i = plane * inner; i < (plane + 1) * inner; i++) {
                    out[0].set(i, in[0].get(i) * factor + shift);
                }
            }
        });
    }

    /** Normalizes with the batch's own statistics and returns the running ones, moved towards them. */
    private static Computation batchTraining(OpContext context, float epsilon) {
        TensorType input = context.input(0);
        context.check(input.shape().rank() >= 2, 0, "[n, c, spatial...]");
        double momentum = context.attributes().real("momentum", 0.9f);
        int channels = Math.toIntExact(input.shape().dim(1));
        long inner = Shapes.product(input.shape(), 2, input.shape().rank());
        double count = Math.max(1, input.shape().elements() / Math.max(1, channels));
        List<TensorType> outputs = List.of(input, new TensorType(context.type(3), context.shape(3)),
                new TensorType(context.type(4), context.shape(4)));
        return new Computation(outputs.subList(0, context.node().outputs().size()), Computation.Kind.GENERAL,
                (in, out) -> {
            double[] mean = new double[channels];
            double[] variance = new double[channels];
            for (long i = 0; i < input.shape().elements(); i++) {
                mean[(int) (i / inner % channels)] += in[0].get(i) / count;
            }
            for (long i = 0; i < input.shape().elements(); i++) {
                double difference = in[0].get(i) - mean[(int) (i / inner % channels)];
                variance[(int) (i / inner % channels)] += difference * difference / count;
            }
            for (long i = 0; i < input.shape().elements(); i++) {
                int c = (int) (i / inner % channels);
                double factor = in[1].get(c) / Math.sqrt(variance[c] + epsilon);
                out[0].set(i, (in[0].get(i) - mean[c]) * factor + in[2].get(c));
            }
            for (int c = 0; c < channels; c++) {
                store(out, 1, c, in[3].get(c) * momentum + mean[c] * (1 - momentum));
                store(out, 2, c, in[4].get(c) * momentum + variance[c] * (1 - momentum));
            }
        });
    }

    private static Computation instance(OpContext context) {
        TensorType input = context.input(0);
        context.check(input.shape().rank() >= 3, 0, "[n, c, spatial...]");
        long channels = input.shape().dim(1);
        context.check(context.shape(1).equals(Shape.of(channels)), 1, "[" + channels + "]");
        context.check(context.shape(2).equals(Shape.of(channels)), 2, "[" + channels + "]");
        float epsilon = context.attributes().real("epsilon", 1e-5f);
        int inner = Math.toIntExact(Shapes.product(input.shape(), 2, input.shape().rank()));
        return Computation.of(input, (in, out) -> {
            for (long plane = 0; plane < input.shape().dim(0) * channels; plane++) {
                long c = plane % channels;
                long at = plane * inner;
                double[] stats = stats(in[0], at, inner, true);
                double factor = in[1].get(c) / Math.sqrt(stats[1] + epsilon);
                for (long i = at; i < at + inner; i++) {
                    out[0].set(i, (in[0].get(i) - stats[0]) * factor + in[2].get(c));
                }
            }
        });
    }

    /** Returns mean and variance of a run, or zero and the mean square. */
    private static double[] stats(Tensor tensor, long at, long count, boolean centred) {
        double mean = 0;
        for (long i = at; centred && i < at + count; i++) {
            mean += tensor.get(i);
        }
        mean /= count;
        double square = 0;
        for (long i = at; i < at + count; i++) {
            double difference = tensor.get(i) - mean;
            square += difference * difference;
        }
        return new double[] {mean, square / count};
    }

    private static Computation layer(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        int axis = context.axis(context.attributes().integer("axis", -1), rank);
        float epsilon = context.attributes().real("epsilon", 1e-5f);
        Shape row = Shape.of(Arrays.copyOfRange(input.shape().dims(), axis, rank));
        boolean biased = context.has(2);
        BroadcastIndex scale = new BroadcastIndex(context, 1, row);
        BroadcastIndex bias = biased ? new BroadcastIndex(context, 2, row) : scale;
        long inner = row.elements();
        long[] reduced = input.shape().dims();
        Arrays.fill(reduced, axis, rank, 1);
        List<TensorType> outputs = new ArrayList<>(List.of(input));
        DataType stash = context.attributes().integer("stash_type", 1) == 1 ? DataType.F32 : input.type();
        for (int i = 1; i <= 2 && context.node().outputs().size() > i; i++) {
            outputs.add(new TensorType(stash, Shape.of(reduced)));
        }
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> {
            for (long r = 0; r < input.shape().elements() / Math.max(1, inner); r++) {
                double[] stats = stats(in[0], r * inner, inner, true);
                double factor = 1 / Math.sqrt(stats[1] + epsilon);
                for (long i = 0; i < inner; i++) {
                    double normal = (in[0].get(r * inner + i) - stats[0]) * factor * in[1].get(scale.of(i));
                    out[0].set(r * inner + i, biased ? normal + in[2].get(bias.of(i)) : normal);
                }
                store(out, 1, r, stats[0]);
                store(out, 2, r, factor);
            }
        });
    }

    private static void store(Tensor[] out, int output, long index, double value) {
        if (Elements.given(out, output)) {
            out[output].set(index, value);
        }
    }

    /** Finds the element of a smaller operand that serves an element of a row. */
    private static final class BroadcastIndex {
        private final Shape row;
        private final long[] own;
        private final long[] strides;
        private final boolean same;

        private BroadcastIndex(OpContext context, int input, Shape row) {
            Shape shape = context.shape(input);
            context.check(Shapes.broadcast(context, shape, row).equals(row), input, "broadcastable to " + row);
            this.row = row;
            this.own = row.rowMajorStrides();
            this.strides = Shapes.broadcastStrides(shape, row);
            this.same = shape.equals(row);
        }

        private long of(long index) {
            if (same) {
                return index;
            }
            long at = 0;
            for (int axis = 0; axis < own.length; axis++) {
                at += index / own[axis] % row.dim(axis) * strides[axis];
            }
            return at;
        }
    }

    private static Computation rms(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        int axis = context.axis(context.attributes().integer("axis", -1), rank);
        float epsilon = context.attributes().real("epsilon", 1e-5f);
        Shape row = Shape.of(Arrays.copyOfRange(input.shape().dims(), axis, rank));
        BroadcastIndex scale = new BroadcastIndex(context, 1, row);
        long inner = row.elements();
        return Computation.of(new TensorType(context.type(1), input.shape()), (in, out) -> {
            for (long r = 0; r < input.shape().elements() / Math.max(1, inner); r++) {
                double factor = 1 / Math.sqrt(stats(in[0], r * inner, inner, false)[1] + epsilon);
                for (long i = 0; i < inner; i++) {
                    out[0].set(r * inner + i, in[0].get(r * inner + i) * factor * in[1].get(scale.of(i)));
                }
            }
        });
    }

    private static Computation group(OpContext context) {
        TensorType input = context.input(0);
        context.check(input.shape().rank() >= 2, 0, "[n, c, spatial...]");
        long channels = input.shape().dim(1);
        long groups = context.attributes().integer("num_groups", 1);
        context.require(groups > 0 && channels % groups == 0, "num_groups", "a divisor of " + channels, groups);
        // Since opset 21 scale and bias are per channel, before that per group.
        long perScale = context.shape(1).elements() == channels ? 1 : channels / groups;
        context.check(context.shape(1).elements() * perScale == channels, 1, "[" + channels + "]");
        context.check(context.shape(2).equals(context.shape(1)), 2, context.shape(1).toString());
        float epsilon = context.attributes().real("epsilon", 1e-5f);
        long pixels = Shapes.product(input.shape(), 2, input.shape().rank());
        long inner = channels / groups * pixels;
        return Computation.of(input, (in, out) -> {
            for (long r = 0; r < input.shape().dim(0) * groups; r++) {
                double[] stats = stats(in[0], r * inner, inner, true);
                double factor = 1 / Math.sqrt(stats[1] + epsilon);
                for (long i = r * inner; i < (r + 1) * inner; i++) {
                    long c = i / pixels % channels / perScale;
                    out[0].set(i, (in[0].get(i) - stats[0]) * factor * in[1].get(c) + in[2].get(c));
                }
            }
        });
    }

    private static Computation lrn(OpContext context) {
        TensorType input = context.input(0);
        context.check(input.shape().rank() >= 2, 0, "[n, c, spatial...]");
        float alpha = context.attributes().real("alpha", 1e-4f);
        float beta = context.attributes().real("beta", 0.75f);
        float bias = context.attributes().real("bias", 1f);
        int size = (int) context.attributes().integer("size", 1);
        context.require(size > 0, "size", "positive", size);
        long channels = input.shape().dim(1);
        long pixels = Shapes.product(input.shape(), 2, input.shape().rank());
        if (input.type() == DataType.F32) {
            ResponseNorm norm = new ResponseNorm(input.shape().dim(0), channels, pixels, size, alpha / size, beta,
                    bias);
            return Computation.of(input, (in, out) -> norm.run(in[0].data(), out[0].data()));
        }
        return Computation.of(input, (in, out) -> {
            for (long i = 0; i < input.shape().elements(); i++) {
                long c = i / pixels % channels;
                double square = 0;
                for (long k = Math.max(0, c - (size - 1) / 2); k <= Math.min(channels - 1, c + size / 2); k++) {
                    double value = in[0].get(i + (k - c) * pixels);
                    square += value * value;
                }
                out[0].set(i, in[0].get(i) / Math.pow(bias + alpha / size * square, beta));
            }
        });
    }

    /** Calls back for every line along an axis. */
    private static void lines(Shape shape, int axis, LineVisitor visitor) {
        long inner = Shapes.product(shape, axis + 1, shape.rank());
        long extent = shape.dim(axis);
        for (long o = 0; o < Shapes.product(shape, 0, axis); o++) {
            for (long i = 0; i < inner; i++) {
                visitor.visit(o * extent * inner + i, inner, extent);
            }
        }
    }

    private interface LineVisitor {
        void visit(long start, long stride, long count);
    }

    private static Computation lp(OpContext context) {
        TensorType input = context.input(0);
        int axis = context.axis(context.attributes().integer("axis", -1), input.shape().rank());
        boolean one = context.attributes().integer("p", 2) == 1;
        return Computation.of(input, (in, out) -> lines(input.shape(), axis, (start, stride, count) -> {
            double sum = 0;
            for (long i = 0; i < count; i++) {
                double value = in[0].get(start + i * stride);
                sum += one ? Math.abs(value) : value * value;
            }
            double norm = one ? sum : Math.sqrt(sum);
            for (long i = 0; i < count; i++) {
                out[0].set(start + i * stride, norm == 0 ? 0 : in[0].get(start + i * stride) / norm);
            }
        }));
    }

    private static Computation meanVariance(OpContext context) {
        TensorType input = context.input(0);
        int rank = input.shape().rank();
        int[] axes = Shapes.axes(context, context.attributes().integers("axes", 0, 2, 3), rank);
        long[] kept = input.shape().dims();
        for (int axis : axes) {
            kept[axis] = 1;
        }
        Shape groups = Shape.of(kept);
        long[] strides = Shapes.broadcastStrides(groups, input.shape());
        long[] own = input.shape().rowMajorStrides();
        return Computation.of(input, (in, out) -> {
            int count = (int) groups.elements();
            double[] sum = new double[count];
            double[] square = new double[count];
            double each = (double) input.shape().elements() / Math.max(1, count);
            for (long i = 0; i < input.shape().elements(); i++) {
                double value = in[0].get(i);
                sum[group(i, own, strides, input.shape())] += value;
                square[group(i, own, strides, input.shape())] += value * value;
            }
            for (long i = 0; i < input.shape().elements(); i++) {
                int g = group(i, own, strides, input.shape());
                double mean = sum[g] / each;
                double deviation = Math.sqrt(Math.max(0, square[g] / each - mean * mean));
                out[0].set(i, (in[0].get(i) - mean) / (deviation + 1e-9));
            }
        });
    }

    private static int group(long index, long[] own, long[] strides, Shape shape) {
        long at = 0;
        for (int axis = 0; axis < own.length; axis++) {
            at += index / own[axis] % shape.dim(axis) * strides[axis];
        }
        return (int) at;
    }

    private enum Kind { SOFTMAX, LOG_SOFTMAX, HARDMAX }

    /** Softmax and its relatives: along one axis since opset 13, over all axes from one on before. */
    private static Computation softmax(OpContext context, Kind kind) {
        TensorType input = context.input(0);
        boolean oneAxis = context.opset() >= 13;
        int axis = context.axis(context.attributes().integer("axis", oneAxis ? -1 : 1), input.shape().rank());
        Shape shape = oneAxis ? input.shape() : Shape.of(Shapes.product(input.shape(), 0, axis),
                Shapes.product(input.shape(), axis, input.shape().rank()));
        return Computation.of(input, (in, out) -> lines(shape, oneAxis ? axis : 1,
                (start, stride, count) -> line(kind, in[0], out[0], start, stride, count)));
    }

    private static void line(Kind kind, Tensor in, Tensor out, long start, long stride, long count) {
        if (count == 0) {
            return;
        }
        long best = start;
        for (long i = start; i < start + count * stride; i += stride) {
            best = in.get(i) > in.get(best) ? i : best;
        }
        double max = in.get(best);
        double sum = 0;
        for (long i = start; kind != Kind.HARDMAX && i < start + count * stride; i += stride) {
            sum += Math.exp(in.get(i) - max);
        }
        double log = Math.log(sum);
        for (long i = start; i < start + count * stride; i += stride) {
            out.set(i, switch (kind) {
                case SOFTMAX -> Math.exp(in.get(i) - max) / sum;
                case LOG_SOFTMAX -> in.get(i) - max - log;
                case HARDMAX -> i == best ? 1 : 0;
            });
        }
    }
}
