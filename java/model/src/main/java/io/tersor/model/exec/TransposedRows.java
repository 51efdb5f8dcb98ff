package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.model.ops.TransposedWindow;
import io.tersor.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * Rows of the result of a transposed convolution of NHWC images: every pixel sums what the taps bring it.
 *
 * @param src [n, c, h, w]
 * @param bias one for each channel of the result
 */
record TransposedRows(TransposedWindow window, Shape src, int kh, int kw, float[] bias) {
    /** Gives what the taps of one row of the kernel bring from one pixel. */
    private interface Source {
        void read(long pixel, int tapY);

        /** Adds what one of them brings to the channels from {@code at} on. */
        void add(float[] line, int at, int tapX);
    }

    /**
     * Sums the columns of products.
     *
     * @param columns [groups, pixels, taps, channels of a group]
     */
    void sum(MemorySegment columns, MemorySegment dst, long row) {
        int groups = (int) window.groups();
        int each = bias.length / groups;
        long pixels = src.dim(0) * src.dim(2) * src.dim(3);
        float[] added = new float[groups * kw * each];
        store(dst, row, new Source() {
            @Override
            public void read(long pixel, int tapY) {
                for (int group = 0; group < groups; group++) {
                    long at = ((group * pixels + pixel) * kh + tapY) * kw * each;
                    MemorySegment.copy(columns, JAVA_FLOAT, at * Float.BYTES, added, group * kw * each, kw * each);
                }
            }

            @Override
            public void add(float[] line, int at, int tapX) {
                for (int group = 0; group < groups; group++) {
                    TransposedRows.add(line, at + group * each, added, (group * kw + tapX) * each, each);
                }
            }
        });
    }

    /**
     * Multiplies each channel by its own kernel.
     *
     * @param weights [taps, channels]
     */
    void depthwise(MemorySegment from, float[] weights, MemorySegment dst, long row) {
        int channels = bias.length;
        float[] read = new float[channels];
        store(dst, row, new Source() {
            private int first;

            @Override
            public void read(long pixel, int tapY) {
                first = tapY * kw;
                MemorySegment.copy(from, JAVA_FLOAT, pixel * channels * Float.BYTES, read, 0, channels);
            }

            @Override
            public void add(float[] line, int at, int tapX) {
                multiplyAdd(line, at, read, weights, (first + tapX) * channels);
            }
        });
    }

    private void store(MemorySegment dst, long row, Source source) {
        long height = window.out().dim(2);
        int width = (int) window.out().dim(3);
        int channels = bias.length;
        float[] line = new float[width * channels];
        for (int x = 0; x < width; x++) {
            System.arraycopy(bias, 0, line, x * channels, channels);
        }
        for (int tapY = 0; tapY < kh; tapY++) {
            long reached = row % height + window.before()[0] - tapY * window.dilations()[0];
            long y = reached / window.strides()[0];
            if (reached < 0 || reached % window.strides()[0] != 0 || y >= src.dim(2)) {
                continue;
            }
            long first = (row / height * src.dim(2) + y) * src.dim(3);
            for (long position = 0; position < src.dim(3); position++) {
                source.read(first + position, tapY);
                for (int tapX = 0; tapX < kw; tapX++) {
                    long x = position * window.strides()[1] - window.before()[1] + tapX * window.dilations()[1];
                    if (x >= 0 && x < width) {
                        source.add(line, (int) x * channels, tapX);
                    }
                }
            }
        }
        MemorySegment.copy(line, 0, dst, JAVA_FLOAT, row * line.length * Float.BYTES, line.length);
    }

    private static void add(float[] to, int at, float[] from, int fromAt, int count) {
        for (int i = 0; i < count; i++) {
            to[at + i] += from[fromAt + i];
        }
    }

    private static void multiplyAdd(float[] to, int at, float[] from, float[] weights, int weightsAt) {
        for (int i = 0; i < from.length; i++) {
            to[at + i] += from[i] * weights[weightsAt + i];
        }
    }
}
