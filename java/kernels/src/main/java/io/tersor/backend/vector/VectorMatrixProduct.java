package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;
import static io.tersor.backend.vector.MicroKernels.KC;
import static io.tersor.backend.vector.MicroKernels.LDA;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A product of two matrices; each thread packs the right-hand one for the rows that it computes. */
final class VectorMatrixProduct extends MatrixProduct {
    private final ScratchPool pool;

    VectorMatrixProduct(MatrixProductSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "_" + MR + "x" + NR + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long batch, int m, int k, int n, MemorySegment a, MemorySegment b, long bStride,
            MemorySegment dst) {
        int threads = parallelism().threads();
        if (threads == 1) {
            for (long member = 0; member < batch; member++) {
                rows(member * m, m, k, n, a, b, member * bStride, dst);
            }
            return;
        }
        int split = batch >= threads ? 1 : Math.min(threads, Math.ceilDiv(m, MR));
        int length = Math.ceilDiv(Math.ceilDiv(m, split), MR) * MR;
        parallelism().run(batch * split, part -> {
            int first = (int) (part % split) * length;
            if (first < m) {
                rows(part / split * m + first, Math.min(length, m - first), k, n, a, b, part / split * bStride, dst);
            }
        });
    }

    private void rows(long first, int m, int k, int n, MemorySegment a, MemorySegment b, long bFirst,
            MemorySegment dst) {
        Scratch scratch = pool.take();
        MemorySegment panels = scratch.panels(Panels.bytes(k, n));
        if (spec().transposed()) {
            Panels.packTransposed(DataType.F32, 0, b, bFirst, k, k, n, scratch, panels, 0);
        } else {
            Panels.pack(DataType.F32, 0, b, bFirst, n, k, n, scratch, panels, 0);
        }
        int blocks = Math.max(1, Math.ceilDiv(k, KC));
        scratch.growSums(blocks * MR * LDA);
        int height;
        for (int row = 0; row < m; row += height) {
            height = Panels.height(m - row);
            int count = Math.min(height, m - row);
            for (int block = 0; block < blocks; block++) {
                for (int r = 0; r < count; r++) {
                    Runs.load(DataType.F32, a, (first + row + r) * k + block * KC, 0, scratch.sums,
                            (block * MR + r) * LDA, Math.min(KC, k - block * KC));
                }
            }
            for (int panel = 0; panel * NR < n; panel++) {
                for (int block = 0; block < blocks; block++) {
                    Panels.multiply(height, scratch.sums, block * MR * LDA, panels,
                            Panels.offset(panel, k, block * KC), Math.min(KC, k - block * KC),
                            block == 0 ? Panels.ZEROS : scratch.tile, scratch.tile);
                }
                for (int r = 0; r < count; r++) {
                    MemorySegment.copy(scratch.tile, r * NR, dst, JAVA_FLOAT,
                            ((first + row + r) * n + (long) panel * NR) * Float.BYTES, Math.min(NR, n - panel * NR));
                }
            }
        }
        pool.give(scratch);
    }
}
