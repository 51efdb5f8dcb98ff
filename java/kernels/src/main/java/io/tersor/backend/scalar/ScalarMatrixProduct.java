package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A product of two matrices, sum by sum, in binary32. */
final class ScalarMatrixProduct extends MatrixProduct {
    ScalarMatrixProduct(MatrixProductSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long batch, int m, int k, int n, MemorySegment a, MemorySegment b, long bStride,
            MemorySegment dst) {
        long kStep = spec().transposed() ? 1 : n;
        long nStep = spec().transposed() ? k : 1;
        for (long row = 0; row < batch * m; row++) {
            long matrix = row / m * bStride;
            for (int column = 0; column < n; column++) {
                float sum = 0;
                for (int i = 0; i < k; i++) {
                    sum += Elements.getFloat(a, row * k + i)
                            * Elements.getFloat(b, matrix + i * kStep + column * nStep);
                }
                Elements.setFloat(dst, row * n + column, sum);
            }
        }
    }
}
