package io.tersor.model.ops;

/**
 * Where an output position of Resize lies in the input, and which input positions make it with which weights.
 *
 * @param mode nearest, linear or cubic
 * @param transformation ONNX's coordinate_transformation_mode
 * @param nearest ONNX's nearest_mode, or {@link #OLD}
 * @param cubic the coefficient a of the cubic kernel
 * @param excludeOutside whether positions outside the image lose their weight, instead of repeating the border
 * @param antialias whether the kernel is stretched when the image shrinks
 */
record ResizeAxis(String mode, String transformation, String nearest, double cubic, boolean excludeOutside,
        boolean antialias) {
    /** Before opset 11: the position before, or behind where the axis becomes shorter. */
    private static final String OLD = "old";

    /** Input positions and their weights, which sum to 1. */
    record Taps(int[] positions, double[] weights) {}

    static ResizeAxis of(OpContext context, boolean old) {
        String mode = context.attributes().text("mode", "nearest");
        ResizeAxis axis = new ResizeAxis(mode,
                old ? "asymmetric" : context.attributes().text("coordinate_transformation_mode", "half_pixel"),
                old ? OLD : context.attributes().text("nearest_mode", "round_prefer_floor"),
                context.attributes().real("cubic_coeff_a", -0.75f),
                context.attributes().integer("exclude_outside", 0) != 0,
                context.attributes().integer("antialias", 0) != 0);
        if (!java.util.Set.of("nearest", "linear", "cubic").contains(mode)) {
            throw context.unsupported("mode " + mode);
        }
        return axis;
    }

    /** Returns whether positions outside the image take the extrapolation value. */
    boolean crops() {
        return transformation.equals("tf_crop_and_resize");
    }

    /**
     * Returns the coordinate in the input of an output position. In binary32, as other runtimes have it: where scales
     * are no powers of two, which pixel is the nearest depends on that.
     */
    float source(int position, int from, int to, float scale, float start, float end) {
        return switch (transformation) {
            case "half_pixel" -> (position + 0.5f) / scale - 0.5f;
            case "half_pixel_symmetric" -> {
                float adjustment = to / (from * scale);
                float centre = from / 2f;
                yield centre * (1 - adjustment) + (position + 0.5f) / scale - 0.5f;
            }
            case "pytorch_half_pixel" -> to > 1 ? (position + 0.5f) / scale - 0.5f : 0;
            // The length before it was rounded down to whole pixels.
            case "align_corners" -> to > 1 ? position * (from - 1f) / (from * scale - 1) : 0;
            case "tf_crop_and_resize" -> to > 1 ? start * (from - 1) + position * (end - start) * (from - 1) / (to - 1)
                    : 0.5f * (start + end) * (from - 1);
            case "tf_half_pixel_for_nn" -> (position + 0.5f) / scale;
            default -> position / scale;
        };
    }

    /** Returns the input positions around a coordinate and their weights. */
    Taps taps(double x, int extent, double scale) {
        if (mode.equals("nearest")) {
            double rounded = switch (nearest) {
                case OLD -> scale < 1 ? Math.ceil(x) : Math.floor(x);
                case "floor" -> Math.floor(x);
                case "ceil" -> Math.ceil(x);
                case "round_prefer_ceil" -> Math.floor(x + 0.5);
                default -> Math.ceil(x - 0.5);
            };
            return new Taps(new int[] {Math.clamp((long) rounded, 0, extent - 1)}, new double[] {1});
        }
        boolean linear = mode.equals("linear");
        double stretch = antialias && scale < 1 ? scale : 1;
        double support = (linear ? 1 : 2) / stretch;
        int first = (int) Math.floor(x - support) + 1;
        int count = (int) Math.floor(x + support) - first + 1;
        int[] positions = new int[count];
        double[] weights = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            int position = first + i;
            double distance = (x - position) * stretch;
            boolean dropped = excludeOutside && (position < 0 || position >= extent);
            weights[i] = dropped ? 0 : linear ? Math.max(0, 1 - Math.abs(distance)) : cubicWeight(Math.abs(distance));
            positions[i] = Math.clamp(position, 0, extent - 1);
            sum += weights[i];
        }
        for (int i = 0; i < count; i++) {
            weights[i] /= sum == 0 ? 1 : sum;
        }
        return new Taps(positions, weights);
    }

    /** Keys, "Cubic convolution interpolation for digital image processing" (1981). */
    private double cubicWeight(double d) {
        if (d < 1) {
            return ((cubic + 2) * d - (cubic + 3)) * d * d + 1;
        }
        return d < 2 ? ((cubic * d - 5 * cubic) * d + 8 * cubic) * d - 4 * cubic : 0;
    }
}
