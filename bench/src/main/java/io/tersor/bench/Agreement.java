package io.tersor.bench;

import io.tersor.bench.measure.VerificationException;
import io.tersor.tensor.Tensor;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * How far the outputs of two programs for the same network and inputs agree.
 *
 * @param relativeError of all outputs the largest Euclidean norm of the difference over that of what is expected
 * @param sameClass of the rows of outputs [n, classes] the share whose largest element is the same; empty without any
 */
record Agreement(double relativeError, OptionalDouble sameClass) {
    /** What sums of real numbers in another order may differ by. */
    static final double REAL = 1e-4;
    /**
     * What quantized networks may: a value halfway between two steps may be rounded either way after scaling in
     * another order, and later layers carry it on.
     */
    static final double QUANTIZED = 0.05;

    private static final double SAME_CLASS = 0.99;

    /** Compares tensors of the same names and shapes. */
    static Agreement of(Map<String, Tensor> actual, Map<String, Tensor> expected) {
        double worst = 0;
        long rows = 0;
        long same = 0;
        for (Map.Entry<String, Tensor> output : expected.entrySet()) {
            Tensor right = output.getValue();
            Tensor tensor = actual.get(output.getKey());
            worst = Math.max(worst, relativeError(tensor, right));
            if (right.shape().rank() == 2 && right.type().isFloating() && right.shape().elements() > 0) {
                int classes = Math.toIntExact(right.shape().dim(1));
                for (long row = 0; row < right.shape().dim(0); row++) {
                    rows++;
                    same += largest(tensor, row, classes) == largest(right, row, classes) ? 1 : 0;
                }
            }
        }
        return new Agreement(worst, rows == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) same / rows));
    }

    private static double relativeError(Tensor actual, Tensor expected) {
        double error = 0;
        double norm = 0;
        for (long i = 0; i < expected.shape().elements(); i++) {
            double difference = actual.get(i) - expected.get(i);
            error += difference * difference;
            norm += expected.get(i) * expected.get(i);
        }
        return Math.sqrt(error / Math.max(norm, Double.MIN_NORMAL));
    }

    private static int largest(Tensor tensor, long row, int classes) {
        int best = 0;
        for (int i = 1; i < classes; i++) {
            best = tensor.get(row * classes + i) > tensor.get(row * classes + best) ? i : best;
        }
        return best;
    }

    /**
     * Checks against what is allowed.
     *
     * @param other whose outputs were expected, for the message
     * @throws VerificationException if the error is larger or not a number, or more than 1 % of the classes differ
     */
    Agreement check(double tolerance, String other) {
        if (!(relativeError <= tolerance)) {
            throw new VerificationException("the outputs differ from those of " + other + " by " + relativeError
                    + " of their norm, more than " + tolerance);
        }
        if (sameClass.orElse(1) < SAME_CLASS) {
            throw new VerificationException("the largest outputs are those of " + other + " in a share of "
                    + sameClass.getAsDouble() + ", less than " + SAME_CLASS);
        }
        return this;
    }
}
