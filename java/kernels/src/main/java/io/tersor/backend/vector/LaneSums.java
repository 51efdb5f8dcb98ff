package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** What runs of floats amount to: sums in binary64, lane by lane, and extremes. */
final class LaneSums {
    private static final VectorSpecies<Double> DOUBLES = FLOATS.vectorShape().withLanes(double.class);

    private LaneSums() {}

    /** Returns the sum. */
    static double sum(float[] x, int at, int count) {
        DoubleVector even = DoubleVector.zero(DOUBLES);
        DoubleVector odd = DoubleVector.zero(DOUBLES);
        int i = 0;
        for (; i <= count - F; i += F) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, at + i);
            even = even.add(v.convert(VectorOperators.F2D, 0));
            odd = odd.add(v.convert(VectorOperators.F2D, 1));
        }
        double sum = even.add(odd).reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += x[at + i];
        }
        return sum;
    }

    /** Returns the largest element, -infinity of none, NaN if there is one. */
    static float max(float[] x, int at, int count) {
        FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= count - F; i += F) {
            max = max.max(FloatVector.fromArray(FLOATS, x, at + i));
        }
        float best = max.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            best = Math.max(best, x[at + i]);
        }
        return best;
    }

    /** Returns the smallest element, infinity of none, NaN if there is one. */
    static float min(float[] x, int at, int count) {
        FloatVector min = FloatVector.broadcast(FLOATS, Float.POSITIVE_INFINITY);
        int i = 0;
        for (; i <= count - F; i += F) {
            min = min.min(FloatVector.fromArray(FLOATS, x, at + i));
        }
        float best = min.reduceLanes(VectorOperators.MIN);
        for (; i < count; i++) {
            best = Math.min(best, x[at + i]);
        }
        return best;
    }
}
