package io.tersor.model.verify;

import io.tersor.model.Value;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * Compares tensors with the tolerance of ONNX's own test runner: |a - e| at most 1e-7 + 1e-3 |e|, for bf16 two units in
 * the last place; integers exactly.
 */
final class Comparison {
    private static final double ABSOLUTE = 1e-7;
    private static final double RELATIVE = 1e-3;
    private static final double RELATIVE_BF16 = 0x1p-6;

    private Comparison() {}

    /** Returns what differs most, or empty. */
    static Optional<String> difference(Value expected, Value actual) {
        if (expected instanceof Value.TensorValue(Tensor right) && actual instanceof Value.TensorValue(Tensor tensor)) {
            return difference(right, tensor);
        }
        if (expected instanceof Value.SequenceValue right && actual instanceof Value.SequenceValue sequence
                && right.type() == sequence.type() && right.tensors().size() == sequence.tensors().size()) {
            for (int i = 0; i < right.tensors().size(); i++) {
                Optional<String> difference = difference(right.tensors().get(i), sequence.tensors().get(i));
                if (difference.isPresent()) {
                    return Optional.of("element " + i + ": " + difference.get());
                }
            }
            return Optional.empty();
        }
        if (expected instanceof Value.OptionalValue(var right) && actual instanceof Value.OptionalValue(var some)
                && right.isPresent() == some.isPresent()) {
            return right.flatMap(value -> difference(value, some.orElseThrow()));
        }
        return Optional.of("expected " + expected + ", got " + actual);
    }

    /** Returns what differs most, or empty. */
    static Optional<String> difference(Tensor expected, Tensor actual) {
        if (expected.type() != actual.type() || !expected.shape().equals(actual.shape())) {
            return Optional.of("expected " + expected + ", got " + actual);
        }
        double worst = -1;
        long where = -1;
        for (long i = 0; i < expected.shape().elements(); i++) {
            double error = error(expected, actual, i);
            if (error > worst) {
                worst = error;
                where = i;
            }
        }
        return worst <= 0 ? Optional.empty() : Optional.of("largest error "
                + (float) Math.abs(expected.get(where) - actual.get(where)) + " at element " + where + ": expected "
                + expected.get(where) + ", got " + actual.get(where));
    }

    /** Returns by how much the difference exceeds the tolerance; 0 or less is fine. */
    private static double error(Tensor expected, Tensor actual, long i) {
        if (!expected.type().isFloating()) {
            long difference = expected.getLong(i) - actual.getLong(i);
            return Math.abs((double) difference);
        }
        double e = expected.get(i);
        double a = actual.get(i);
        if (e == a || Double.isNaN(e) && Double.isNaN(a)) {
            return 0;
        }
        boolean isBf16 = expected.type() == DataType.BF16;
        double tolerance = ABSOLUTE + (isBf16 ? RELATIVE_BF16 : RELATIVE) * Math.abs(e);
        // Half-precision results are rounded more coarsely than the tolerance near zero.
        if (expected.type() == DataType.F16) {
            tolerance += 1e-3;
        }
        double error = Math.abs(a - e);
        return Double.isFinite(error) ? error - tolerance : Double.POSITIVE_INFINITY;
    }
}
