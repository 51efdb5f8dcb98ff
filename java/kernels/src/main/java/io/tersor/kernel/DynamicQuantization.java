package io.tersor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Symmetric quantization of one f32 row to s8 at run time, in binary32 without fused operations: with a the largest
 * magnitude of the row, scale = a / 127 and q = x * (127 / a) rounded half to even, which lies in [-127, 127]. A row
 * whose largest magnitude is below 2^-100 counts as zeros, of scale 0. A row with a NaN or an infinity has scale NaN
 * and zeros for q, so that all its results are NaN before an activation's bounds.
 *
 * <p>The result of an accumulator of such a row is r = ((float) acc * scale) * multiplier[n], then as in
 * {@link Epilogue}.
 */
public final class DynamicQuantization {
    /** Largest magnitudes below this count as 0. */
    public static final float SMALLEST = 0x1p-100f;

    /** The level of a row's largest magnitude. */
    public static final float LARGEST_LEVEL = 127f;

    private DynamicQuantization() {}

    /**
     * Returns the scale for a row's largest magnitude.
     *
     * @param magnitude not negative; infinite or NaN if an element is not finite
     */
    public static float scale(float magnitude) {
        return magnitude < SMALLEST ? 0f : magnitude <= Float.MAX_VALUE ? magnitude / LARGEST_LEVEL : Float.NaN;
    }

    /** Returns what elements are multiplied by before they are rounded; 0 where the row counts as zeros. */
    public static float inverse(float magnitude) {
        return magnitude < SMALLEST || !(magnitude <= Float.MAX_VALUE) ? 0f : LARGEST_LEVEL / magnitude;
    }

    /**
     * Quantizes one row and returns its scale.
     *
     * @param src f32 elements, the first at byte {@code offset}, the others {@code strideBytes} apart
     * @param levels filled with {@code levels.length} elements of [-127, 127]
     */
    public static float quantize(MemorySegment src, long offset, long strideBytes, int[] levels) {
        float magnitude = 0f;
        for (int i = 0; i < levels.length; i++) {
            // Math.max keeps NaN.
            magnitude = Math.max(magnitude, Math.abs(src.get(ValueLayout.JAVA_FLOAT, offset + i * strideBytes)));
        }
        float inverse = inverse(magnitude);
        for (int i = 0; i < levels.length; i++) {
            levels[i] = inverse == 0f ? 0
                    : (int) Math.rint(src.get(ValueLayout.JAVA_FLOAT, offset + i * strideBytes) * inverse);
        }
        return scale(magnitude);
    }
}
