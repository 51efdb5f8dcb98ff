package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** MatMul by {@link Gemm}; parts of a run are blocks of rows and columns. */
final class VectorMatMul extends MatMul {
    private final ScratchPool pool;
    private final Gemm gemm;

    VectorMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism, ScratchPool pool) {
        this(spec, weights, bias, parallelism, pool, Arena.ofShared());
    }

    private VectorMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, parallelism, arena);
        this.pool = pool;
        int k = (int) spec.k();
        int n = (int) spec.n();
        MemorySegment data = weights.data();
        long kStride = weights.stride(0);
        long nStride = weights.stride(1);
        PackedWeights packed = spec.isInteger()
                ? PackedWeights.integers(arena, k, n,
                        (row, column) -> data.get(JAVA_BYTE, row * kStride + column * nStride)
                                - spec.weightsParams().zeroPoint(column),
                        PackedWeights.largestSource(spec.src(), spec.srcParams()))
                : PackedWeights.floats(arena, k, n,
                        (row, column) -> data.getAtIndex(JAVA_FLOAT, row * kStride + column * nStride));
        this.gemm = new Gemm(packed, new MatrixRows(spec.src(), spec.srcParams().zeroPoint()),
                new TileStore(Epilogue.of(spec, bias), spec.isInteger(), 0, n), 0);
    }

    @Override
    protected String kernelName() {
        return Gemm.name(spec().src(), spec().weights(), "gemm");
    }

    @Override
    protected void execute(long m, MemorySegment src, long ldSrc, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        OperandException.check(srcColumnStride == 1, "src", "rows of unit stride", "a transposed matrix");
        int threads = parallelism().threads();
        if (threads == 1) {
            Scratch scratch = pool.take();
            scratch.bindMatrix(src, ldSrc);
            gemm.runAll(scratch, m, dst, ldDst);
            pool.give(scratch);
            return;
        }
        gemm.runParts(parallelism(), pool, m, dst, ldDst, scratch -> scratch.bindMatrix(src, ldSrc));
    }
}
