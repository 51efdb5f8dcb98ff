package io.tersor.kernel;

import io.tersor.OperandException;

/**
 * The sliding window of a two-dimensional convolution or pooling. Lengths are in pixels.
 *
 * @param dilationH distance of neighbouring kernel rows, 1 for a dense window
 */
public record Window(int kh, int kw, int strideH, int strideW, int padTop, int padLeft, int padBottom, int padRight,
        int dilationH, int dilationW) {
    /** Checks that kernel, strides and dilations are positive and paddings not negative. */
    public Window {
        OperandException.check(kh > 0 && kw > 0, "kernel", "positive extents", kh + "x" + kw);
        OperandException.check(strideH > 0 && strideW > 0, "stride", "positive strides", strideH + "x" + strideW);
        OperandException.check(dilationH > 0 && dilationW > 0, "dilation", "positive dilations",
                dilationH + "x" + dilationW);
        OperandException.check(padTop >= 0 && padLeft >= 0 && padBottom >= 0 && padRight >= 0, "padding",
                "no negative padding", padTop + "," + padLeft + "," + padBottom + "," + padRight);
    }

    /** Returns a dense window of stride 1 without padding. */
    public static Window of(int kh, int kw) {
        return new Window(kh, kw, 1, 1, 0, 0, 0, 0, 1, 1);
    }

    /** Returns this window with one stride for both axes. */
    public Window stride(int stride) {
        return stride(stride, stride);
    }

    /** Returns this window with other strides. */
    public Window stride(int h, int w) {
        return new Window(kh, kw, h, w, padTop, padLeft, padBottom, padRight, dilationH, dilationW);
    }

    /** Returns this window with one padding for all four borders. */
    public Window padding(int padding) {
        return padding(padding, padding, padding, padding);
    }

    /** Returns this window with other paddings. */
    public Window padding(int top, int left, int bottom, int right) {
        return new Window(kh, kw, strideH, strideW, top, left, bottom, right, dilationH, dilationW);
    }

    /** Returns this window with other dilations. */
    public Window dilation(int h, int w) {
        return new Window(kh, kw, strideH, strideW, padTop, padLeft, padBottom, padRight, h, w);
    }

    /** Returns the rows that the window gives for {@code h} input rows; 0 where it does not fit once. */
    public long outHeight(long h) {
        return out(h, padTop + padBottom, kh, strideH, dilationH);
    }

    /** Returns the columns that the window gives for {@code w} input columns; 0 where it does not fit once. */
    public long outWidth(long w) {
        return out(w, padLeft + padRight, kw, strideW, dilationW);
    }

    private static long out(long extent, long padding, int kernel, int stride, int dilation) {
        long room = extent + padding - ((long) dilation * (kernel - 1) + 1);
        return room < 0 ? 0 : room / stride + 1;
    }

    /** Returns whether the window is one pixel, moved by one, without padding: a plain matrix multiplication. */
    public boolean isPointwise() {
        return kh == 1 && kw == 1 && strideH == 1 && strideW == 1 && !isPadded();
    }

    /** Returns whether any border is padded. */
    public boolean isPadded() {
        return padTop > 0 || padLeft > 0 || padBottom > 0 || padRight > 0;
    }

    /** Returns whether all strides and dilations are 1. */
    public boolean hasUnitSteps() {
        return strideH == 1 && strideW == 1 && dilationH == 1 && dilationW == 1;
    }

    @Override
    public String toString() {
        return "kernel " + kh + "x" + kw + " stride " + strideH + "x" + strideW
                + " padding " + padTop + "," + padLeft + "," + padBottom + "," + padRight
                + (dilationH == 1 && dilationW == 1 ? "" : " dilation " + dilationH + "x" + dilationW);
    }
}
