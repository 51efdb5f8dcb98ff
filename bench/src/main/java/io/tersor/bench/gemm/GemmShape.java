package io.tersor.bench.gemm;

import io.tersor.TersorException;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.ShapeFile;
import io.tersor.bench.product.WeightZeros;
import io.tersor.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Extents of dst[m, n] = src[m, k] * weights[k, n].
 *
 * @param m rows, 1 to 2^20
 * @param k inner extent, likewise
 * @param n columns, likewise
 */
public record GemmShape(int m, int k, int n) implements ProductShape {
    /** Up to so many rows the weights' way from memory is what counts. */
    private static final int FEW_ROWS = 16;
    private static final int MAX = 1 << 20;

    /** Lists of lines {@code m k n}, and those that come with the benchmark. */
    public static final ShapeFile<GemmShape> LISTS = new ShapeFile<>("gemm-",
            List.of("bert-base", "llm-decode", "square-and-small", "quick", "scaling", "decode", "decode-quick"),
            List.of("m", "k", "n"), numbers -> new GemmShape(numbers[0], numbers[1], numbers[2]));

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

    /**
     * Returns the shape of {@code m x k x n}, as {@link #toString} writes it.
     *
     * @throws TersorException if these are not three numbers, or are out of range
     */
    public static GemmShape of(String text) {
        if (!text.matches("\\d{1,7}x\\d{1,7}x\\d{1,7}")) {
            throw new TersorException("shape: expected m x k x n such as 128x768x768, got '" + text + "'");
        }
        String[] extents = text.split("x");
        return new GemmShape(Integer.parseInt(extents[0]), Integer.parseInt(extents[1]), Integer.parseInt(extents[2]));
    }

    @Override
    public double operations() {
        return 2.0 * m * k * n;
    }

    @Override
    public boolean isBoundByWeights() {
        return m <= FEW_ROWS;
    }

    @Override
    public Tensor outputsFirst(Tensor weights) {
        return weights.permute(1, 0);
    }

    @Override
    public ProductWorkload workload(ProductTypes types, WeightZeros zeros) {
        return new MatMulWorkload(this, types, zeros);
    }

    @Override
    public Map<String, Object> extents() {
        Map<String, Object> extents = new LinkedHashMap<>();
        extents.put("m", m);
        extents.put("k", k);
        extents.put("n", n);
        return extents;
    }

    /** Returns {@code m x k x n}. */
    @Override
    public String toString() {
        return m + "x" + k + "x" + n;
    }
}
