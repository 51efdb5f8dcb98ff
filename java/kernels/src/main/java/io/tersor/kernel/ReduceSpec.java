package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Locale;

/**
 * Reduces the middle axis, f32: dst[o, i] is made of src[o, r, i] for all r. Sums are within 2^-22 of the sum of the
 * terms' magnitudes. Of no elements at all a sum is 0, a mean NaN, a maximum -infinity, a minimum infinity.
 */
public record ReduceSpec(Kind kind) implements UnarySpec {
    /** What is computed. */
    public enum Kind {
        /** The sum. */
        SUM,
        /** The sum over the number of elements. */
        MEAN,
        /** The largest element, NaN if there is one. */
        MAX,
        /** The smallest element, likewise. */
        MIN,
        /** The sum of magnitudes. */
        L1,
        /** The square root of the sum of squares. */
        L2,
        /** The sum of squares. */
        SUM_SQUARE,
        /** The logarithm of the sum. */
        LOG_SUM;

        /** Returns what it is of no elements, before {@link #finish}. */
        public double start() {
            return this == MAX ? Double.NEGATIVE_INFINITY : this == MIN ? Double.POSITIVE_INFINITY : 0;
        }

        /** Returns it with one more element. */
        public double add(double state, double x) {
            return switch (this) {
                case SUM, MEAN, LOG_SUM -> state + x;
                case MAX -> Math.max(state, x);
                case MIN -> Math.min(state, x);
                case L1 -> state + Math.abs(x);
                case L2, SUM_SQUARE -> state + x * x;
            };
        }

        /** Returns the result when all {@code count} elements are in. */
        public double finish(double state, long count) {
            return switch (this) {
                case MEAN -> state / count;
                case L2 -> Math.sqrt(state);
                case LOG_SUM -> Math.log(state);
                default -> state;
            };
        }
    }

    @Override
    public DataType srcType() {
        return DataType.F32;
    }

    @Override
    public DataType dstType() {
        return DataType.F32;
    }

    @Override
    public Shape dstShape(Shape src) {
        OperandException.check(src.rank() == 3, "src", "[outer, reduced, inner]", src);
        return Shape.of(src.dim(0), src.dim(2));
    }

    @Override
    public String name() {
        return "reduce_" + kind.name().toLowerCase(Locale.ROOT) + "_f32";
    }
}
