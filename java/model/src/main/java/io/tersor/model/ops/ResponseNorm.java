package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Local response normalization of f32 [images, channels, pixels] (Krizhevsky et al. 2012): each element over
 * (bias + factor * the sum of squares of a window of channels) ^ beta. By runs of pixels in arrays, whose loops are
 * vectorized, in binary64.
 */
record ResponseNorm(long images, long channels, long pixels, int size, double factor, double beta, double bias) {
    private static final int RUN = 1024;
    /** The usual exponent, whose power is two square roots. */
    private static final double THREE_QUARTERS = 0.75;

    void run(MemorySegment from, MemorySegment to) {
        int run = (int) Math.min(RUN, pixels);
        float[] x = new float[run];
        double[] sums = new double[run];
        for (long plane = 0; plane < images * channels; plane++) {
            long channel = plane % channels;
            long first = Math.max(0, channel - (size - 1) / 2) - channel;
            long last = Math.min(channels - 1, channel + size / 2) - channel;
            for (long pixel = 0; pixel < pixels; pixel += RUN) {
                int count = (int) Math.min(run, pixels - pixel);
                Arrays.fill(sums, 0, count, 0);
                for (long other = first; other <= last; other++) {
                    load(from, (plane + other) * pixels + pixel, x, count);
                    addSquares(x, sums, count);
                }
                load(from, plane * pixels + pixel, x, count);
                divide(x, sums, count);
                MemorySegment.copy(x, 0, to, JAVA_FLOAT, (plane * pixels + pixel) * Float.BYTES, count);
            }
        }
    }

    private static void load(MemorySegment from, long at, float[] to, int count) {
        MemorySegment.copy(from, JAVA_FLOAT, at * Float.BYTES, to, 0, count);
    }

    private static void addSquares(float[] x, double[] sums, int count) {
        for (int i = 0; i < count; i++) {
            double value = x[i];
            sums[i] += value * value;
        }
    }

    private void divide(float[] x, double[] sums, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] = bias + factor * sums[i];
        }
        if (beta == THREE_QUARTERS) {
            for (int i = 0; i < count; i++) {
                double root = Math.sqrt(sums[i]);
                sums[i] = root * Math.sqrt(root);
            }
        } else {
            for (int i = 0; i < count; i++) {
                sums[i] = Math.pow(sums[i], beta);
            }
        }
        for (int i = 0; i < count; i++) {
            x[i] = (float) (x[i] / sums[i]);
        }
    }
}
