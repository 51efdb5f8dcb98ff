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
 * @param regret of these rows the largest difference between what is expected for the class expected and for the class
 *     chosen, over the spread of the row's elements
 */
record Agreement(double relativeError, OptionalDouble sameClass, double regret) {
    /** What sums of real numbers in another order may differ by. */
    static final double REAL = 1e-4;
    /**
     * What quantized networks may: a value halfway between two steps may be rounded either way after scaling in
     * another order, and later layers carry it on. ONNX Runtime with and without its own fusions differs from itself by
     * 0.011 for ResNet-50 with random weights, and by 0.029 for an encoder of four layers, 0.0007 after the first.
     */
    static final double QUANTIZED = 0.05;

    /** Another class may be chosen only where what is expected is nearly a tie. */
    private static final double NEARLY_TIE = 0.02;

    /** Compares tensors of the same names and shapes. */
    static Agreement of(Map<String, Tensor> actual, Map<String, Tensor> expected) {
        double worst = 0;
        long rows = 0;
        long same = 0;
        double regret = 0;
        for (Map.Entry<String, Tensor> output : expected.entrySet()) {
            Tensor right = output.getValue();
            Tensor tensor = actual.get(output.getKey());
            worst = Math.max(worst, relativeError(tensor, right));
            if (right.shape().rank() == 2 && right.type().isFloating() && right.shape().elements() > 0) {
                int classes = Math.toIntExact(right.shape().dim(1));
                for (long row = 0; row < right.shape().dim(0); row++) {
                    int chosen = largest(tensor, row, classes);
                    int best = largest(right, row, classes);
                    rows++;
                    same += chosen == best ? 1 : 0;
                    regret = Math.max(regret, regret(right, row, classes, best, chosen));
                }
            }
        }
        return new Agreement(worst, rows == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) same / rows),
                regret);
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

    private static double regret(Tensor expected, long row, int classes, int best, int chosen) {
        double largest = expected.get(row * classes + best);
        double smallest = largest;
        for (int i = 0; i < classes; i++) {
            smallest = Math.min(smallest, expected.get(row * classes + i));
        }
        return chosen == best ? 0 : (largest - expected.get(row * classes + chosen)) / (largest - smallest);
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
     * @throws VerificationException if the error is larger or not a number, or a class is chosen that is not nearly
     *     the best
     */
    Agreement check(double tolerance, String other) {
        if (!(relativeError <= tolerance)) {
            throw new VerificationException("the outputs differ from those of " + other + " by " + relativeError
                    + " of their norm, more than " + tolerance);
        }
        if (regret > NEARLY_TIE) {
            throw new VerificationException("another class is the largest than that of " + other + ", whose output "
                    + "for it is lower by " + regret + " of the spread, more than " + NEARLY_TIE);
        }
        return this;
    }
}
