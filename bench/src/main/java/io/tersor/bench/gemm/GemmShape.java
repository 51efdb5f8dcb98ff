package io.tersor.bench.gemm;

import io.tersor.TersorException;

/**
 * Extents of dst[m, n] = src[m, k] * weights[k, n].
 *
 * @param m rows, 1 to 2^20
 * @param k inner extent, likewise
 * @param n columns, likewise
 */
public record GemmShape(int m, int k, int n) {
    private static final int MAX = 1 << 20;

    /**
     * Checks the extents.
     *
     * @throws TersorException if one is out of range, or an operand has more than 2^31 - 1 elements
     */
    public GemmShape {
        for (int extent : new int[] {m, k, n}) {
            if (extent < 1 || extent > MAX) {
                throw new TersorException("m, k and n: expected 1 to " + MAX + ", got " + m + ", " + k + ", " + n);
            }
        }
        if (Math.max((long) k * n, Math.max((long) m * k, (long) m * n)) > Integer.MAX_VALUE) {
            throw new TersorException("m, k and n: expected at most 2^31 - 1 elements in an operand, got " + m + ", "
                    + k + ", " + n);
        }
    }

    /** Returns the multiplications and additions of one run. */
    public double operations() {
        return 2.0 * m * k * n;
    }

    /** Returns {@code m x k x n}. */
    @Override
    public String toString() {
        return m + "x" + k + "x" + n;
    }
}
