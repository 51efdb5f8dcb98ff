package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.Arrays;

/**
 * The sliding window of a convolution or pooling over any number of spatial axes, with ONNX's attributes resolved for
 * an image size. Lengths are in pixels.
 *
 * @param before padding in front of each axis
 * @param after padding behind each axis, not counting what ceil_mode adds
 */
public record SpatialWindow(long[] image, long[] kernel, long[] strides, long[] dilations, long[] before, long[] after,
        long[] out) {
    /** A table of so many pixels still fits any memory; no image that a window covers is larger. */
    private static final long MAX_SIZE = 1 << 24;

    /**
     * Returns the window of a node.
     *
     * @param src the image, [n, c, spatial...]
     * @param kernel the extents of the window
     */
    public static SpatialWindow of(OpContext context, Shape src, long[] kernel) {
        int rank = src.rank() - 2;
        context.require(rank >= 1 && kernel.length == rank, "kernel_shape", Math.max(rank, 1) + " extents for " + src,
                Arrays.toString(kernel));
        long[] ones = new long[rank];
        Arrays.fill(ones, 1);
        long[] strides = positive(context, "strides", rank, ones);
        long[] dilations = positive(context, "dilations", rank, ones);
        context.require(Arrays.stream(kernel).allMatch(extent -> extent > 0), "kernel_shape", "positive extents",
                Arrays.toString(kernel));
        long[] image = Arrays.copyOfRange(src.dims(), 2, 2 + rank);
        long[] pads = context.attributes().integers("pads", new long[2 * rank]);
        context.require(pads.length == 2 * rank, "pads", 2 * rank + " values", Arrays.toString(pads));
        long[] before = Arrays.copyOfRange(pads, 0, rank);
        long[] after = Arrays.copyOfRange(pads, rank, 2 * rank);
        String auto = context.attributes().text("auto_pad", "NOTSET");
        boolean ceil = context.attributes().integer("ceil_mode", 0) != 0;
        long[] out = new long[rank];
        for (int axis = 0; axis < rank; axis++) {
            long span = Math.addExact(Math.multiplyExact(dilations[axis], kernel[axis] - 1), 1);
            switch (auto) {
                case "NOTSET" -> { }
                case "VALID" -> {
                    before[axis] = 0;
                    after[axis] = 0;
                }
                case "SAME_UPPER", "SAME_LOWER" -> {
                    long count = Math.ceilDiv(image[axis], strides[axis]);
                    long total = Math.max(0, (count - 1) * strides[axis] + span - image[axis]);
                    before[axis] = auto.equals("SAME_UPPER") ? total / 2 : total - total / 2;
                    after[axis] = total - before[axis];
                }
                default -> throw context.unsupported("auto_pad " + auto);
            }
            context.require(before[axis] >= 0 && after[axis] >= 0, "pads", "no negative padding",
                    Arrays.toString(pads));
            out[axis] = extent(image[axis], before[axis], after[axis], span, strides[axis], ceil);
        }
        SpatialWindow window = new SpatialWindow(image, kernel, strides, dilations, before, after, out);
        context.require(window.size() <= MAX_SIZE, "kernel_shape", "at most " + MAX_SIZE + " pixels", window.size());
        return window;
    }

    private static long extent(long image, long before, long after, long span, long stride, boolean ceil) {
        long room = Math.addExact(Math.addExact(image, before), after) - span;
        if (room < 0) {
            return 0;
        }
        long out = room / stride + 1;
        // One more window if it does not start behind the image.
        boolean partial = ceil && room % stride != 0 && out * stride < image + before;
        return partial ? out + 1 : out;
    }

    private static long[] positive(OpContext context, String name, int rank, long[] otherwise) {
        long[] values = context.attributes().integers(name, otherwise);
        context.require(values.length == rank && Arrays.stream(values).allMatch(v -> v > 0 && v <= Integer.MAX_VALUE),
                name, rank + " positive values", Arrays.toString(values));
        return values;
    }

    /** Returns the number of spatial axes. */
    public int rank() {
        return kernel.length;
    }

    /** Returns the number of pixels that the window covers. */
    public long size() {
        return Arrays.stream(kernel).reduce(1, Math::multiplyExact);
    }

    /** Returns the shape of the output, [n, c, spatial...]. */
    public Shape outShape(long n, long c) {
        long[] dims = new long[rank() + 2];
        dims[0] = n;
        dims[1] = c;
        System.arraycopy(out, 0, dims, 2, rank());
        return Shape.of(dims);
    }

    /** Returns the number of output pixels. */
    long outPixels() {
        return Arrays.stream(out).reduce(1, (a, b) -> a * b);
    }

    /** Returns the number of image pixels. */
    long imagePixels() {
        return Arrays.stream(image).reduce(1, (a, b) -> a * b);
    }

    /**
     * Fills in, for one output pixel, the index in the image of each pixel under the window, or -1 for padding, or -2
     * for what lies beyond the padding.
     */
    void pixels(long outPixel, long[] into) {
        int rank = rank();
        long[] start = new long[rank];
        long rest = outPixel;
        for (int axis = rank - 1; axis >= 0; axis--) {
            start[axis] = rest % out[axis] * strides[axis] - before[axis];
            rest /= out[axis];
        }
        for (int tap = 0; tap < into.length; tap++) {
            long index = 0;
            long scale = 1;
            long left = tap;
            boolean padding = false;
            boolean beyond = false;
            for (int axis = rank - 1; axis >= 0; axis--) {
                long position = start[axis] + left % kernel[axis] * dilations[axis];
                left /= kernel[axis];
                padding |= position < 0 || position >= image[axis];
                beyond |= position >= image[axis] + after[axis];
                index += position * scale;
                scale *= image[axis];
            }
            into[tap] = beyond ? -2 : padding ? -1 : index;
        }
    }
}
