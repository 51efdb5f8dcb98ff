package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.Locale;

/**
 * What stands around an integer product whose src is f32: rows x [m, k] become levels, in binary32.
 * <ul>
 * <li>BYTES, ONNX DynamicQuantizeLinear over all rows together: with lo and hi the extremes of x and 0,
 *     scale = (hi - lo) / 255, 1 if that is 0, zeroPoint = saturate(round(-lo / scale)) and
 *     level = saturate(round(x / scale) + zeroPoint). The product takes scale and zero point with each run, see
 *     {@link MatMulSpec#paramsAtRun}.
 * <li>FIXED_POINT, each row by itself: with 2^e the least power of two above the row's largest magnitude,
 *     unit = 2^(e - 22) and the integers v = round(x / unit) + 2^22, whose bytes are the levels of three planes, lowest
 *     first: an error of at most half a unit, 2^-22 times the largest magnitude, for each x. The product is a
 *     {@link MatMulSpec} of u8 src and s32 dst, with the weights' zero points and without a source's; its rows are the
 *     levels, one plane of m rows behind the other. With sums[p] those of plane p and columnSums[n] that of the weights
 *     less their zero points they become f32 again, dst[m, n]:
 *     dst = fma(sums[2] - 64 * columnSums[n], 2^16, fma(sums[1], 2^8, sums[0])) * (unit * weightsScale[n]) + bias[n].
 *     A row whose largest magnitude is below 2^-100 counts as zeros, one with a NaN or an infinity gives NaN.
 * </ul>
 * Rounding is half to even.
 *
 * @param k columns of x, 1 to {@link #MAX_K}
 * @param n columns of dst, at least 1; 1 for BYTES, which has none here
 */
public record DynamicQuantizerSpec(Levels levels, int k, int n) implements KernelSpec {
    /** What sums of that many products of u8 and s8 less a zero point fit into 32 bits. */
    public static final int MAX_K = 32_768;

    /** How f32 becomes integers. */
    public enum Levels {
        /** One byte, with one scale and zero point for all rows. */
        BYTES(1),
        /** Three bytes, with a power of two for each row. */
        FIXED_POINT(3);

        private final int planes;

        Levels(int planes) {
            this.planes = planes;
        }

        /** Returns the bytes of an element, each in a plane of its own. */
        public int planes() {
            return planes;
        }
    }

    /** Checks the extents. */
    public DynamicQuantizerSpec {
        OperandException.check(k >= 1 && k <= MAX_K, "k", "1 to " + MAX_K, k);
        OperandException.check(n >= 1, "n", "at least 1", n);
        OperandException.check(levels == Levels.FIXED_POINT || n == 1, "n", "1 for bytes", n);
    }

    /** Returns the spec of DynamicQuantizeLinear. */
    public static DynamicQuantizerSpec bytes(int k) {
        return new DynamicQuantizerSpec(Levels.BYTES, k, 1);
    }

    @Override
    public String name() {
        return "quantizer_" + levels.name().toLowerCase(Locale.ROOT) + "_f32";
    }
}
