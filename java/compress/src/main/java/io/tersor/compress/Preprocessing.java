package io.tersor.compress;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Turns stored images into a network's input: y = (x * scale - mean[c]) / std[c], in binary32, where c is the index of
 * axis 1 (channels of NCHW). Immutable.
 *
 * @param scale factor of the stored numbers, such as 1/255
 * @param mean one value for all channels or one for each
 * @param std one value for all channels or one for each, positive
 */
public record Preprocessing(float scale, List<Float> mean, List<Float> std) {
    /** Leaves the numbers as they are. */
    public static final Preprocessing NONE = new Preprocessing(1f, List.of(0f), List.of(1f));

    /** Checks the numbers and copies the lists. */
    public Preprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (!Float.isFinite(scale) || scale == 0) {
            throw new CompressException("scale: expected a finite number other than 0, got " + scale);
        }
        if (mean.isEmpty() || !mean.stream().allMatch(Float::isFinite)) {
            throw new CompressException("mean: expected finite numbers, got " + mean);
        }
        if (std.isEmpty() || !std.stream().allMatch(value -> Float.isFinite(value) && value > 0)) {
            throw new CompressException("std: expected positive finite numbers, got " + std);
        }
    }

    /**
     * Returns the network's input for stored images of any type.
     *
     * @param images [n, c, ...]
     * @return f32, of the same shape, contiguous
     * @throws CompressException if mean or std are neither single nor as many as there are channels
     */
    public Tensor apply(Arena arena, Tensor images) {
        Shape shape = images.shape();
        if (equals(NONE) && images.type() == DataType.F32) {
            return images.isContiguous() ? images : images.copy(arena);
        }
        int channels = shape.rank() < 2 ? 1 : Math.toIntExact(shape.dim(1));
        check("mean", mean, channels);
        check("std", std, channels);
        Tensor input = Tensor.allocate(arena, DataType.F32, shape);
        long pixels = shape.rank() < 2 ? shape.elements() : shape.elements() / Math.max(1, shape.dim(0) * channels);
        long index = 0;
        while (index < shape.elements()) {
            int channel = (int) (index / pixels % channels);
            float shift = mean.get(mean.size() == 1 ? 0 : channel);
            float divisor = std.get(std.size() == 1 ? 0 : channel);
            for (long pixel = 0; pixel < pixels; pixel++, index++) {
                float stored = (float) images.get(index);
                input.data().setAtIndex(JAVA_FLOAT, index, (stored * scale - shift) / divisor);
            }
        }
        return input;
    }

    private static void check(String name, List<Float> values, int channels) {
        if (values.size() != 1 && values.size() != channels) {
            throw new CompressException(name + ": expected 1 or " + channels + " numbers, one for each channel, got "
                    + values.size());
        }
    }
}
