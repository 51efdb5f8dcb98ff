package io.tersor.backend.vector;

import java.lang.foreign.MemorySegment;

/**
 * Fourier transformations of one length, of elements as {@link FftStages} has them:
 * X[k] = sum over j of x[j] * exp(-2 pi i j k / n) and, without the factor 1 / n, its inverse. Frequencies come out in
 * the order of {@link #place}. Immutable.
 */
final class Fft {
    /** Bytes of an element. */
    static final int BYTES = Lanes.NR * Float.BYTES;

    private final int n;
    // Of each stage: its radix, the part of a block that belongs to one of its outputs, where its twiddles start.
    private final int[] radices;
    private final int[] parts;
    private final int[] firsts;
    private final float[] twiddles;

    /**
     * @param n 2^a or 3 * 2^a, at least 4
     */
    Fft(int n) {
        this.n = n;
        int threes = n % 3 == 0 ? 1 : 0;
        int twos = Integer.numberOfTrailingZeros(n);
        int stages = threes + (twos + 1) / 2;
        this.radices = new int[stages];
        this.parts = new int[stages];
        this.firsts = new int[stages];
        this.twiddles = new float[2 * n];
        int at = 0;
        int block = n;
        for (int i = 0; i < stages; i++) {
            radices[i] = i < threes ? 3 : i == threes && twos % 2 == 1 ? 2 : 4;
            parts[i] = block / radices[i];
            firsts[i] = at;
            for (int j = 0; j < parts[i]; j++) {
                for (int p = 1; p < radices[i]; p++) {
                    double angle = 2 * Math.PI * p * j / block;
                    twiddles[at++] = (float) Math.cos(angle);
                    twiddles[at++] = (float) Math.sin(angle);
                }
            }
            block = parts[i];
        }
    }

    int length() {
        return n;
    }

    /** Returns where frequency k lies after {@link #forward}. */
    int place(int k) {
        int place = 0;
        int rest = k;
        for (int i = 0; i < radices.length; i++) {
            place += rest % radices[i] * parts[i];
            rest /= radices[i];
        }
        return place;
    }

    /**
     * Transforms elements into neighbours.
     *
     * @param at where the first element lies, in bytes
     * @param stride bytes between elements
     * @param toAt where the first place lies; may be {@code at} where elements are neighbours already
     */
    void forward(MemorySegment memory, long at, long stride, long toAt) {
        long from = at;
        long step = stride;
        int blocks = 1;
        for (int i = 0; i < radices.length; i++) {
            switch (radices[i]) {
                case 2 -> FftStages.forward2(memory, from, step, toAt, BYTES, blocks, parts[i], twiddles, firsts[i]);
                case 3 -> FftStages.forward3(memory, from, step, toAt, BYTES, blocks, parts[i], twiddles, firsts[i]);
                default -> FftStages.forward4(memory, from, step, toAt, BYTES, blocks, parts[i], twiddles, firsts[i]);
            }
            from = toAt;
            step = BYTES;
            blocks *= radices[i];
        }
    }

    /** Undoes {@link #forward}, but for a factor of n; changes the places. */
    void inverse(MemorySegment memory, long at, long toAt, long stride) {
        int blocks = n;
        for (int i = radices.length - 1; i >= 0; i--) {
            blocks /= radices[i];
            long to = i == 0 ? toAt : at;
            long step = i == 0 ? stride : BYTES;
            switch (radices[i]) {
                case 2 -> FftStages.inverse2(memory, at, BYTES, to, step, blocks, parts[i], twiddles, firsts[i]);
                case 3 -> FftStages.inverse3(memory, at, BYTES, to, step, blocks, parts[i], twiddles, firsts[i]);
                default -> FftStages.inverse4(memory, at, BYTES, to, step, blocks, parts[i], twiddles, firsts[i]);
            }
        }
    }
}
