package io.tersor.quant;

/** Which real number of its interval a quantized value stands for. */
public enum Reconstruction {
    /** The level itself: real = scale * (q - zeroPoint). What ONNX, oneDNN and all kernels of this library mean. */
    LEVEL(0f),
    /** The middle of the interval above the level: real = scale * (q - zeroPoint) + scale / 2; pairs with flooring. */
    MIDPOINT(0.5f);

    private final float offset;

    Reconstruction(float offset) {
        this.offset = offset;
    }

    /** Returns what is added to q - zeroPoint before scaling: 0 or one half. */
    public float offset() {
        return offset;
    }
}
