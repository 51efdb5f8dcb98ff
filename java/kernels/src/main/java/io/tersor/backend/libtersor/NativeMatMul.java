package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Matrix multiplication by tersor_gemm; threads share rows and columns. */
final class NativeMatMul extends MatMul {
    private final NativeContext context;
    private final String kernelName;
    private final MemorySegment packed;
    private final MemorySegment epilogue;
    private final long n;
    private final long scratchBytes;
    // Runs take turns; two at once that read the same one compute the same.
    private boolean backwards;
    private final AtomicReference<SharedRun> spare = new AtomicReference<>();

    private NativeMatMul(NativeContext context, MatMulSpec spec, MemorySegment packed, MemorySegment epilogue,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.packed = packed;
        this.epilogue = epilogue;
        this.n = spec.n();
        this.kernelName = (spec.isDynamic() ? "dynamic_" : "") + context.products().packedKernelName(packed);
        this.scratchBytes = context.products().packedScratchBytes(packed);
    }

    static NativeMatMul prepare(NativeContext context, MatMulSpec spec, Tensor weights, Optional<Tensor> bias,
            PrepareOptions options) {
        return NativeContext.building(arena -> {
            Epilogue epilogue = Epilogue.of(spec, bias);
            MemorySegment packed = pack(context, spec, weights, options.rows(), epilogue, arena);
            return new NativeMatMul(context, spec, packed, NativeEpilogue.of(epilogue, arena),
                    options.parallelism(), arena);
        });
    }

    private static MemorySegment pack(NativeContext context, MatMulSpec spec, Tensor weights, long rows,
            Epilogue epilogue, Arena arena) {
        int srcType = Libtersor.typeCode(spec.src());
        int weightsType = Libtersor.typeCode(spec.weights());
        int sparsity = Sparsity.code(spec.sparsity(), spec.weights(), rows);
        try (Arena temporary = Arena.ofConfined()) {
            boolean farApart = Math.max(weights.stride(0), weights.stride(1)) > Integer.MAX_VALUE;
            Tensor readable = farApart ? weights.copy(temporary) : weights;
            int[] zeroPoints = spec.weights() == DataType.S8
                    ? NativeContext.ints((int) spec.n(), spec.weightsParams()::zeroPoint) : new int[0];
            MemorySegment packed = context.weights().allocate(
                    context.products().gemmPackedBytes(context.isa(), srcType, weightsType, sparsity, spec.k(), spec.n(),
                            readable.data(), readable.stride(0), readable.stride(1)), arena);
            context.products().gemmPack(context.isa(), srcType, weightsType, sparsity, spec.k(), spec.n(),
                    readable.data(), readable.stride(0), readable.stride(1), spec.srcParams().zeroPoint(),
                    NativeContext.intsOrNull(zeroPoints, temporary),
                    NativeContext.intsOrNull(epilogue.integerBias(), temporary), packed);
            return packed;
        }
    }

    @Override
    protected String kernelName() {
        return kernelName;
    }

    @Override
    protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        execute(1f, 0, m, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
    }

    @Override
    protected void execute(float srcScale, int srcZeroPoint, long m, MemorySegment src, long srcRowStride,
            long srcColumnStride, MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
        backwards = !backwards;
        long columns = WorkShare.columnsPerPart(m, n, spec().k(), spec().weights().alignment(), WorkShare.COLUMNS,
                parallelism());
        long rows = columns < n ? m : WorkShare.rowsPerPart(m, spec().k() * n, parallelism());
        if (rows >= m && columns >= n) {
            multiply(m, 0, m, 0, n, src, srcRowStride, srcColumnStride, srcScale, srcZeroPoint, residual, ldResidual,
                    dst, ldDst);
            return;
        }
        // A method reference instead would be an object for each run.
        SharedRun kept = spare.getAndSet(null);
        SharedRun run = kept == null ? new SharedRun() : kept;
        run.share(rows, columns);
        run.set(m, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst);
        run.setParams(srcScale, srcZeroPoint);
        try {
            parallelism().run(columns < n ? Math.ceilDiv(n, columns) : Math.ceilDiv(m, rows), run);
        } finally {
            run.set(0, MemorySegment.NULL, 0, 0, MemorySegment.NULL, 0, MemorySegment.NULL, 0);
            spare.set(run);
        }
    }

    /** A run that threads share; kept for the next one, so that runs allocate nothing. */
    private final class SharedRun implements Parallelism.Part {
        private long rows;
        private long columns;
        private long m;
        private MemorySegment src = MemorySegment.NULL;
        private long srcRowStride;
        private long srcColumnStride;
        private float srcScale;
        private int srcZeroPoint;
        private MemorySegment residual = MemorySegment.NULL;
        private long ldResidual;
        private MemorySegment dst = MemorySegment.NULL;
        private long ldDst;

        /** One of the two is all there are. */
        private void share(long partRows, long partColumns) {
            rows = partRows;
            columns = partColumns;
        }

        private void setParams(float scale, int zeroPoint) {
            srcScale = scale;
            srcZeroPoint = zeroPoint;
        }

        private void set(long runM, MemorySegment runSrc, long runRowStride, long runColumnStride,
                MemorySegment runResidual, long runLdResidual, MemorySegment runDst, long runLdDst) {
            m = runM;
            src = runSrc;
            srcRowStride = runRowStride;
            srcColumnStride = runColumnStride;
            residual = runResidual;
            ldResidual = runLdResidual;
            dst = runDst;
            ldDst = runLdDst;
        }

        @Override
        public void run(long part) {
            long firstRow = columns < n ? 0 : part * rows;
            long firstColumn = columns < n ? part * columns : 0;
            multiply(m, firstRow, Math.min(rows, m - firstRow), firstColumn,
                    Math.min(columns, n - firstColumn), src, srcRowStride, srcColumnStride, srcScale, srcZeroPoint,
                    residual, ldResidual, dst, ldDst);
        }
    }

    private void multiply(long m, long firstRow, long rows, long firstColumn, long columns, MemorySegment src,
            long srcRowStride, long srcColumnStride, float srcScale, int srcZeroPoint, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        MemorySegment scratch = context.scratch().take(scratchBytes);
        try {
            context.products().gemm(packed, epilogue, m, firstRow, rows, firstColumn, columns, src, srcRowStride,
                    srcColumnStride, srcScale, srcZeroPoint, backwards, residual, ldResidual, dst, ldDst, scratch);
        } finally {
            context.scratch().give(scratch);
        }
    }
}
