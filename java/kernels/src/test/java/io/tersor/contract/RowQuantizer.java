package io.tersor.contract;

import io.tersor.kernel.DynamicQuantization;

/** One row quantized to s8 at run time, written from the text of {@link DynamicQuantization}. */
record RowQuantizer(long[] levels, float scale) {
    /** Quantizes {@code k} elements from {@code from} on. */
    static RowQuantizer of(double[] values, int from, int k) {
        long[] levels = new long[k];
        double largest = 0;
        for (int i = 0; i < k; i++) {
            if (!Double.isFinite(values[from + i])) {
                return new RowQuantizer(levels, Float.NaN);
            }
            largest = Math.max(largest, Math.abs(values[from + i]));
        }
        if (largest < 0x1p-100) {
            return new RowQuantizer(levels, 0f);
        }
        float factor = 127f / (float) largest;
        for (int i = 0; i < k; i++) {
            float product = (float) values[from + i] * factor;
            levels[i] = (long) Math.rint(product);
        }
        return new RowQuantizer(levels, (float) largest / 127f);
    }
}
