package io.tersor.contract;

import io.tersor.kernel.Backend;
import io.tersor.tensor.Tensor;

/**
 * Results in row-major order and how far an actual one may be off.
 *
 * @param values what the reference computed
 * @param tolerances largest difference for each value; none when every bit must agree (all NaN are one)
 * @param onednnTolerances the same for oneDNN, whose arithmetic is its own
 */
record Expected(double[] values, double[] tolerances, double[] onednnTolerances) {
    /** Returns results that must agree bit for bit. */
    static Expected exact(double[] values) {
        return new Expected(values, new double[0], new double[0]);
    }

    /** Returns results that may be off by so much. */
    static Expected within(double[] values, double[] tolerances) {
        return new Expected(values, tolerances, tolerances);
    }

    /** Returns results that oneDNN may miss by so much, and no other backend by anything. */
    static Expected exactButOnednnWithin(double[] values, double[] tolerances) {
        return new Expected(values, new double[0], tolerances);
    }

    /** Fails on the first element that does not agree. */
    void check(Tensor actual, Backend backend) {
        double[] applying = backend == Backend.ONEDNN ? onednnTolerances : tolerances;
        boolean exact = applying.length == 0;
        int wrong = 0;
        String first = "";
        for (int i = 0; i < values.length; i++) {
            double got = actual.get(i);
            double allowed = exact ? 0 : applying[i];
            if (Double.compare(got, values[i]) != 0 && (exact || !(Math.abs(got - values[i]) <= allowed))) {
                wrong++;
                first = first.isEmpty() ? "dst[" + i + "] is " + got + ", expected " + values[i]
                        + (exact ? "" : " within " + allowed) : first;
            }
        }
        if (wrong > 0) {
            throw new AssertionError(first + " (" + wrong + " of " + values.length + " wrong)");
        }
    }
}
