package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Losses of classifications over [n, classes, d...] with targets [n, d...]. Sums are taken in binary64. */
final class LossOps {
    private LossOps() {}

    static void register(Map<String, Operator> table) {
        table.put("NegativeLogLikelihoodLoss", context -> {
            Loss loss = loss(context);
            return Computation.of(loss.output, (in, out) -> loss.run(Elements.doubles(in[0]), in, out[0]));
        });
        table.put("SoftmaxCrossEntropyLoss", LossOps::crossEntropy);
    }

    private static Computation crossEntropy(OpContext context) {
        Loss loss = loss(context);
        TensorType scores = context.input(0);
        return new Computation(List.of(loss.output, scores), Computation.Kind.GENERAL, (in, out) -> {
            double[] logarithms = loss.logSoftmax(Elements.doubles(in[0]));
            loss.run(logarithms, in, out[0]);
            for (int i = 0; Elements.given(out, 1) && i < logarithms.length; i++) {
                out[1].set(i, logarithms[i]);
            }
        });
    }

    private static Loss loss(OpContext context) {
        Shape scores = context.shape(0);
        Shape targets = context.shape(1);
        context.check(scores.rank() >= 2 && context.type(0).isFloating(), 0, "reals, [n, classes, spatial...]");
        boolean fits = targets.rank() == scores.rank() - 1;
        for (int axis = 0; fits && axis < targets.rank(); axis++) {
            fits = targets.dim(axis) == scores.dim(axis == 0 ? 0 : axis + 1);
        }
        context.check(fits && (context.type(1) == DataType.S32 || context.type(1) == DataType.S64), 1,
                "s32 or s64, extents of " + scores + " without the classes");
        int classes = context.tableLength(scores.dim(1));
        context.check(!context.has(2) || context.shape(2).equals(Shape.of(classes)), 2, "[" + classes + "]");
        String reduction = context.attributes().text("reduction", "mean");
        context.require(List.of("none", "sum", "mean").contains(reduction), "reduction", "none, sum or mean",
                reduction);
        OptionalLong ignored = context.attributes().has("ignore_index")
                ? OptionalLong.of(context.attributes().integer("ignore_index", 0)) : OptionalLong.empty();
        Shape shape = reduction.equals("none") ? targets : Shape.of();
        return new Loss(new TensorType(context.type(0), shape), classes,
                Math.toIntExact(Shapes.product(scores, 2, scores.rank())), reduction, ignored, context.operand(1));
    }

    /**
     * What the two losses have in common.
     *
     * @param inner targets of one member of the batch
     * @param ignored the target whose loss is 0 and has no weight
     * @param operand the targets' name, for messages
     */
    private record Loss(TensorType output, int classes, int inner, String reduction, OptionalLong ignored,
            String operand) {
        /** @param logarithms of the classes' probabilities */
        void run(double[] logarithms, Tensor[] in, Tensor out) {
            boolean weighted = Elements.given(in, 2);
            double sum = 0;
            double weights = 0;
            for (long i = 0; i < in[1].shape().elements(); i++) {
                long target = in[1].getLong(i);
                double loss = 0;
                if (ignored.isEmpty() || ignored.getAsLong() != target) {
                    if (target < 0 || target >= classes) {
                        throw new OperandException(operand, "classes from 0 to " + (classes - 1), target);
                    }
                    double weight = weighted ? in[2].get(target) : 1;
                    loss = -logarithms[(int) ((i / inner * classes + target) * inner + i % inner)] * weight;
                    weights += weight;
                }
                sum += loss;
                if (reduction.equals("none")) {
                    out.set(i, loss);
                }
            }
            if (!reduction.equals("none")) {
                out.set(0, reduction.equals("sum") ? sum : sum / weights);
            }
        }

        /** Returns x - log(sum(exp(x))) over the classes. */
        double[] logSoftmax(double[] scores) {
            double[] result = new double[scores.length];
            for (int line = 0; line < scores.length / Math.max(1, classes); line++) {
                int start = line / inner * classes * inner + line % inner;
                int end = start + classes * inner;
                double max = Double.NEGATIVE_INFINITY;
                for (int i = start; i < end; i += inner) {
                    max = Math.max(max, scores[i]);
                }
                double sum = 0;
                for (int i = start; i < end; i += inner) {
                    sum += Math.exp(scores[i] - max);
                }
                double log = Math.log(sum);
                for (int i = start; i < end; i += inner) {
                    result[i] = scores[i] - max - log;
                }
            }
            return result;
        }
    }
}
