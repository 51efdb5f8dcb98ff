package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantization;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** MatMul by a {@link Product}; parts of a run are blocks of rows and columns. */
final class VectorMatMul extends MatMul {
    private final ScratchPool pool;
    private final Product product;
    private final TileStore store;
    // Of the weights less their zero points, where a run brings a zero point of src.
    private final int[] columnSums;
    private final AtomicReference<Operands> spare = new AtomicReference<>();

    VectorMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options, ScratchPool pool) {
        this(spec, weights, bias, options, pool, Arena.ofShared());
    }

    private VectorMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, options.parallelism(), arena);
        this.pool = pool;
        int k = (int) spec.k();
        int n = (int) spec.n();
        MemorySegment data = weights.data();
        long kStride = weights.stride(0);
        long nStride = weights.stride(1);
        PackedWeights.Matrix matrix = switch (spec.weights()) {
            case S8 -> (row, column) -> data.get(JAVA_BYTE, row * kStride + column * nStride)
                    - spec.weightsParams().zeroPoint(column);
            case BF16 -> (row, column) ->
                    Bfloat16.toFloat(data.getAtIndex(JAVA_SHORT, row * kStride + column * nStride));
            default -> (row, column) -> data.getAtIndex(JAVA_FLOAT, row * kStride + column * nStride);
        };
        boolean integer = spec.weights() == DataType.S8;
        int largestSource = spec.isDynamic() ? (int) DynamicQuantization.LARGEST_LEVEL
                : integer ? PackedWeights.largestSource(spec.src(), spec.srcParams()) : 0;
        MatrixRows rows = new MatrixRows(spec.src(), spec.srcParams().zeroPoint());
        this.store = new TileStore(Epilogue.of(spec, bias), Sums.of(spec), 0, n);
        this.columnSums = spec.paramsAtRun() ? columnSums(matrix, k, n) : new int[0];
        if (spec.sparsity().isPresent()) {
            int height = SparseSums.height(spec.sparsity().get());
            SparseWeights packed = integer ? SparseWeights.integers(k, n, height, matrix, largestSource)
                    : SparseWeights.floats(k, n, height, matrix);
            this.product = SparseGemm.of(packed,
                    new RowTiles(spec.isDynamic() ? new DynamicRows(rows, k, MicroKernels.KC) : rows, k), store);
        } else {
            PackedWeights packed = integer
                    ? PackedWeights.integers(arena, k, n, matrix, largestSource, options.rows())
                    : PackedWeights.floats(arena, k, n, matrix);
            this.product = new Gemm(packed, spec.isDynamic() ? new DynamicRows(rows, k, packed.block()) : rows, store);
        }
    }

    private static int[] columnSums(PackedWeights.Matrix matrix, int k, int n) {
        int[] sums = new int[n];
        for (int row = 0; row < k; row++) {
            for (int column = 0; column < n; column++) {
                sums[column] += (int) matrix.get(row, column);
            }
        }
        return sums;
    }

    @Override
    protected String kernelName() {
        return product.name(spec().src(), spec().weights(), "gemm");
    }

    @Override
    protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        execute(1f, 0, m, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
    }

    @Override
    protected void execute(float srcScale, int srcZeroPoint, long m, MemorySegment src, long srcRowStride,
            long srcColumnStride, MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
        if (parallelism().threads() == 1) {
            Scratch scratch = pool.take();
            bindSource(scratch, srcScale, srcZeroPoint);
            bind(scratch, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
            product.runAll(scratch, m);
            pool.give(scratch);
            return;
        }
        // A method reference instead would be an object for each run.
        Operands kept = spare.getAndSet(null);
        Operands run = kept == null ? new Operands() : kept;
        run.set(src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
        run.setParams(srcScale, srcZeroPoint);
        try {
            run.start(parallelism(), m);
        } finally {
            run.set(MemorySegment.NULL, 0, 0, MemorySegment.NULL, 0, MemorySegment.NULL, 0);
            spare.set(run);
        }
    }

    /** A shared run's operands; kept for the next one, so that runs allocate nothing. */
    private final class Operands extends SharedRun {
        private MemorySegment src = MemorySegment.NULL;
        private long srcRowStride;
        private long srcColumnStride;
        private float srcScale;
        private int srcZeroPoint;
        private MemorySegment residual = MemorySegment.NULL;
        private long ldResidual;
        private MemorySegment dst = MemorySegment.NULL;
        private long ldDst;

        private Operands() {
            super(product, pool);
        }

        private void setParams(float scale, int zeroPoint) {
            srcScale = scale;
            srcZeroPoint = zeroPoint;
        }

        private void set(MemorySegment runSrc, long runRowStride, long runColumnStride, MemorySegment runResidual,
                long runLdResidual, MemorySegment runDst, long runLdDst) {
            src = runSrc;
            srcRowStride = runRowStride;
            srcColumnStride = runColumnStride;
            residual = runResidual;
            ldResidual = runLdResidual;
            dst = runDst;
            ldDst = runLdDst;
        }

        @Override
        void bind(Scratch scratch) {
            bindSource(scratch, srcScale, srcZeroPoint);
            VectorMatMul.bind(scratch, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
        }
    }

    private void bindSource(Scratch scratch, float scale, int zeroPoint) {
        if (spec().paramsAtRun()) {
            store.bindSource(scratch, scale, zeroPoint, columnSums);
        }
    }

    private static void bind(Scratch scratch, MemorySegment src, long srcRowStride, long srcColumnStride,
            MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
        scratch.bindMatrix(src, srcRowStride, srcColumnStride);
        scratch.bindResidual(residual, ldResidual);
        scratch.bindDestination(dst, ldDst);
    }
}
