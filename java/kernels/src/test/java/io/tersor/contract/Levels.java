package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.math.BigDecimal;
import java.math.RoundingMode;

/** Roundings and saturation in decimal arithmetic, so that nothing of them is shared with what is tested. */
final class Levels {
    private Levels() {}

    /** Returns saturate(round(r) + zeroPoint); NaN gives the lowest value. */
    static double of(float r, int zeroPoint, DataType type, Rounding rounding) {
        if (Float.isNaN(r) || r == Float.NEGATIVE_INFINITY) {
            return type.min();
        }
        if (r == Float.POSITIVE_INFINITY) {
            return type.max();
        }
        RoundingMode mode = switch (rounding) {
            case HALF_EVEN -> RoundingMode.HALF_EVEN;
            case HALF_AWAY -> RoundingMode.HALF_UP;
            case FLOOR -> RoundingMode.FLOOR;
        };
        BigDecimal level = new BigDecimal((double) r).setScale(0, mode).add(BigDecimal.valueOf(zeroPoint));
        return level.max(BigDecimal.valueOf((long) type.min())).min(BigDecimal.valueOf((long) type.max()))
                .doubleValue();
    }

    /** Returns r bounded by an activation in units of a quantized type; NaN becomes the lower bound. */
    static float clip(float r, Activation activation, QuantParams params) {
        float lo = (float) ((double) activation.lo() / (double) params.scale());
        float hi = (float) ((double) activation.hi() / (double) params.scale());
        return Float.isNaN(r) || r <= lo ? lo : r >= hi ? hi : r;
    }

    /** Returns the nearest bf16, half to even; infinite from half a unit beyond the largest on. */
    static double bf16(double r) {
        if (r == 0 || !Double.isFinite(r)) {
            return r;
        }
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(r), Float.MIN_EXPONENT) - 7);
        double rounded = Math.rint(r / unit) * unit;
        return Math.abs(rounded) < 0x1p128 ? rounded : Math.copySign(Double.POSITIVE_INFINITY, r);
    }
}
