package io.tersor.model.ops;

import io.tersor.tensor.DataType;

/** The parameters that DynamicQuantizeLinear finds: u8 over the range of some elements and zero, in binary32. */
record DynamicRange(float scale, int zeroPoint) {
    /**
     * Returns the parameters for a range.
     *
     * @param min at most 0
     * @param max at least 0
     */
    static DynamicRange of(float min, float max) {
        float range = (max - min) / 255f;
        float scale = range == 0 ? 1f : range;
        return new DynamicRange(scale, (int) QuantOps.saturate((0 - min) / scale, 0, DataType.U8));
    }

    /** Returns the parameters for elements that f32 has. */
    static DynamicRange of(double[] x) {
        float min = 0;
        float max = 0;
        for (double value : x) {
            min = Math.min(min, (float) value);
            max = Math.max(max, (float) value);
        }
        return of(min, max);
    }

    /** Returns the level of an element. */
    long level(float x) {
        return QuantOps.saturate(x / scale, zeroPoint, DataType.U8);
    }

    /** Returns what the level of an element stands for. */
    double real(double x) {
        return (double) scale * (level((float) x) - zeroPoint);
    }
}
