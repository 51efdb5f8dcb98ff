package io.tersor.contract;

import io.tersor.kernel.Backend;
import io.tersor.tensor.Tensor;

/**
 * Results in row-major order and how far an actual one may be off.
 *
 * @param values what the reference computed
 * @param tolerances largest difference for each value; none when every bit must agree on every backend
 * @param onednnAlone whether the tolerances are for oneDNN alone, and every bit must agree elsewhere
 */
record Expected(double[] values, double[] tolerances, boolean onednnAlone) {
    /** Returns results that must agree bit for bit (all NaN are one). */
    static Expected exact(double[] values) {
        return new Expected(values, new double[0], false);
    }

    /** Returns results that may be off by so much. */
    static Expected within(double[] values, double[] tolerances) {
        return new Expected(values, tolerances, false);
    }

    /** Returns results that oneDNN may miss by so much, and no other backend by anything. */
    static Expected exactButOnednnWithin(double[] values, double[] tolerances) {
        return new Expected(values, tolerances, true);
    }

    /** Fails on the first element that does not agree. */
    void check(Tensor actual, Backend backend) {
        boolean exact = tolerances.length == 0 || onednnAlone && backend != Backend.ONEDNN;
        int wrong = 0;
        String first = "";
        for (int i = 0; i < values.length; i++) {
            double got = actual.get(i);
            double allowed = exact ? 0 : tolerances[i];
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
