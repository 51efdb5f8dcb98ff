package io.tersor.quant;

/** The roundings of a real number to an integer that quantization uses. Every rounding in the library is one of these. */
public enum Rounding {
    /** To the nearest, ties to the even neighbour: IEEE 754 roundTiesToEven, the library's and ONNX's default. */
    HALF_EVEN {
        @Override
        public float round(float value) {
            return (float) Math.rint(value);
        }
    },
    /** To the nearest, ties away from zero: C's {@code round}. */
    HALF_AWAY {
        @Override
        public float round(float value) {
            // In double the half can be added without rounding, for every float whose half is not already an integer.
            return (float) Math.copySign(Math.floor(Math.abs((double) value) + 0.5), value);
        }
    },
    /** Towards negative infinity. */
    FLOOR {
        @Override
        public float round(float value) {
            return (float) Math.floor(value);
        }
    };

    /** Returns the rounded value; NaN and infinities are returned as they are. */
    public abstract float round(float value);
}
