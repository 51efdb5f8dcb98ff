package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.NR;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/**
 * Two-dimensional transformations of tiles of nh x nw pixels, and the conjugate spectra of a depthwise convolution's
 * weights, whose products with the spectra of tiles are those of the correlation. Immutable.
 *
 * <p>Columns v and -v are multiplied together. Factors lie as [panel][v from 0 to nw / 2][u][4][F], u to nh / 2 where
 * v is its own opposite: real and imaginary parts for the first vector of channels, then for the second.
 */
final class FftPlan {
    private static final long FACTOR_BYTES = 4L * F * Float.BYTES;

    private final Fft rows;
    private final Fft columns;
    private final MemorySegment factors;
    // Of a column's frequencies: their places, and for each place the opposite one.
    private final int[] places;
    private final int[] opposites;

    /**
     * @param weights [channels][kh][kw]
     * @param arena where the factors are kept
     */
    FftPlan(int nh, int nw, int channels, Window window, float[] weights, Arena arena) {
        this.rows = new Fft(nw);
        this.columns = new Fft(nh);
        this.places = new int[nh];
        this.opposites = new int[nh];
        for (int u = 0; u < nh; u++) {
            places[u] = columns.place(u);
            opposites[places[u]] = columns.place((nh - u) % nh);
        }
        this.factors = arena.allocate(Math.ceilDiv(channels, NR) * panelBytes(), Tensor.ALIGNMENT_BYTES);
        Spectrum spectrum = new Spectrum(nh, nw, window.kh(), window.kw());
        for (int c = 0; c < channels; c++) {
            spectrum.start(weights, c * window.kh() * window.kw());
            for (int v = 0; v <= nw / 2; v++) {
                long at = (c / NR * panelBytes() + factorsOf(v)) / Float.BYTES + c % NR / F * 2 * F + c % F;
                for (int u = 0; u < multiplied(v); u++, at += FACTOR_BYTES / Float.BYTES) {
                    spectrum.compute(u, v);
                    factors.setAtIndex(JAVA_FLOAT, at, spectrum.real);
                    factors.setAtIndex(JAVA_FLOAT, at + F, spectrum.imaginary);
                }
            }
        }
    }

    /** Returns how many frequencies of column v are multiplied, each together with its opposite in column -v. */
    private int multiplied(int v) {
        return 2 * v % nw() == 0 ? nh() / 2 + 1 : nh();
    }

    private long factorsOf(int v) {
        return v == 0 ? 0 : (multiplied(0) + (v - 1L) * nh()) * FACTOR_BYTES;
    }

    private long panelBytes() {
        return factorsOf(nw() / 2) + multiplied(nw() / 2) * FACTOR_BYTES;
    }

    int nh() {
        return columns.length();
    }

    int nw() {
        return rows.length();
    }

    /** Bytes between the lines of a tile: off the powers of two, which would share cache sets. */
    long lineBytes() {
        return (nw() + 1L) * Fft.BYTES;
    }

    /** Bytes that {@link #convolve} needs beside a tile. */
    long columnBytes() {
        return 2L * nh() * Fft.BYTES;
    }

    /** Transforms a line of a tile. */
    void forward(MemorySegment memory, long line) {
        rows.forward(memory, line, Fft.BYTES, line);
    }

    /** Transforms a line of products back. */
    void inverse(MemorySegment memory, long line) {
        rows.inverse(memory, line, line, Fft.BYTES);
    }

    /** Convolves transformed lines, the first of them at {@code tile}, with the weights of a panel. */
    void convolve(MemorySegment memory, long tile, long buffer, int panel) {
        for (int v = 0; v <= nw() / 2; v++) {
            long column = tile + (long) rows.place(v) * Fft.BYTES;
            long opposite = tile + (long) rows.place((nw() - v) % nw()) * Fft.BYTES;
            long second = column == opposite ? buffer : buffer + (long) nh() * Fft.BYTES;
            columns.forward(memory, column, lineBytes(), buffer);
            if (second != buffer) {
                columns.forward(memory, opposite, lineBytes(), second);
            }
            FftStages.multiply(memory, buffer, second, places, multiplied(v), opposites, factors,
                    panel * panelBytes() + factorsOf(v));
            columns.inverse(memory, buffer, column, lineBytes());
            if (second != buffer) {
                columns.inverse(memory, second, opposite, lineBytes());
            }
        }
    }

    /** The conjugate spectrum of one channel's weights, over 2 nh nw: what neither inverse nor sums divide by. */
    private static final class Spectrum {
        private final int nh;
        private final int nw;
        private final int kh;
        private final int kw;
        // The lines' own spectra [ky][v].
        private final double[] lineReal;
        private final double[] lineImaginary;
        private final double[] cosH;
        private final double[] sinH;
        private final double[] cosW;
        private final double[] sinW;
        private float real;
        private float imaginary;

        private Spectrum(int nh, int nw, int kh, int kw) {
            this.nh = nh;
            this.nw = nw;
            this.kh = kh;
            this.kw = kw;
            this.lineReal = new double[kh * (nw / 2 + 1)];
            this.lineImaginary = new double[lineReal.length];
            this.cosH = IntStream.range(0, nh).mapToDouble(i -> Math.cos(2 * Math.PI * i / nh)).toArray();
            this.sinH = IntStream.range(0, nh).mapToDouble(i -> Math.sin(2 * Math.PI * i / nh)).toArray();
            this.cosW = IntStream.range(0, nw).mapToDouble(i -> Math.cos(2 * Math.PI * i / nw)).toArray();
            this.sinW = IntStream.range(0, nw).mapToDouble(i -> Math.sin(2 * Math.PI * i / nw)).toArray();
        }

        private void start(float[] weights, int at) {
            for (int ky = 0; ky < kh; ky++) {
                for (int v = 0; v <= nw / 2; v++) {
                    double re = 0;
                    double im = 0;
                    for (int kx = 0; kx < kw; kx++) {
                        double w = weights[at + ky * kw + kx];
                        re += w * cosW[v * kx % nw];
                        im += w * sinW[v * kx % nw];
                    }
                    lineReal[ky * (nw / 2 + 1) + v] = re;
                    lineImaginary[ky * (nw / 2 + 1) + v] = im;
                }
            }
        }

        private void compute(int u, int v) {
            double re = 0;
            double im = 0;
            int turn = 0;
            for (int ky = 0, i = v; ky < kh; ky++, i += nw / 2 + 1) {
                re += lineReal[i] * cosH[turn] - lineImaginary[i] * sinH[turn];
                im += lineReal[i] * sinH[turn] + lineImaginary[i] * cosH[turn];
                turn += turn + u < nh ? u : u - nh;
            }
            real = (float) (re / (2.0 * nh * nw));
            imaginary = (float) (im / (2.0 * nh * nw));
        }
    }
}
