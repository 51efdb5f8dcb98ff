package io.tersor.backend.libtersor;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Matrix multiplication by tersor_i8_gemm or tersor_f32_gemm; threads share the rows. */
final class NativeMatMul extends MatMul {
    private final NativeContext context;
    private final String kernelName;
    private final int srcType;
    private final MemorySegment packed;
    private final NativeEpilogue epilogue;
    private final long scratchBytes;
    private final AtomicReference<SharedRun> spare = new AtomicReference<>();

    private NativeMatMul(NativeContext context, MatMulSpec spec, MemorySegment packed, NativeEpilogue epilogue,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.srcType = Libtersor.typeCode(spec.src());
        this.packed = packed;
        this.epilogue = epilogue;
        this.kernelName = context.library().packedKernelName(packed);
        this.scratchBytes = context.library().packedScratchBytes(packed);
    }

    static NativeMatMul prepare(NativeContext context, MatMulSpec spec, Tensor weights, Optional<Tensor> bias,
            Parallelism parallelism) {
        return NativeContext.building(arena -> {
            Epilogue epilogue = Epilogue.of(spec, bias);
            MemorySegment packed = pack(context, spec, weights, epilogue, arena);
            return new NativeMatMul(context, spec, packed, NativeEpilogue.of(epilogue, arena), parallelism, arena);
        });
    }

    private static MemorySegment pack(NativeContext context, MatMulSpec spec, Tensor weights, Epilogue epilogue,
            Arena arena) {
        try (Arena temporary = Arena.ofConfined()) {
            boolean farApart = Math.max(weights.stride(0), weights.stride(1)) > Integer.MAX_VALUE;
            Tensor readable = farApart ? weights.copy(temporary) : weights;
            return spec.isInteger() ? packIntegers(context, spec, readable, epilogue, temporary, arena)
                    : packFloats(context, spec, readable, arena);
        }
    }

    private static MemorySegment packIntegers(NativeContext context, MatMulSpec spec, Tensor weights,
            Epilogue epilogue, Arena temporary, Arena arena) {
        int srcType = Libtersor.typeCode(spec.src());
        int[] zeroPoints = NativeContext.ints((int) spec.n(), spec.weightsParams()::zeroPoint);
        MemorySegment packed = arena.allocate(
                context.library().i8GemmPackedBytes(context.isa(), srcType, spec.k(), spec.n()),
                Libtersor.ALIGNMENT_BYTES);
        context.library().i8GemmPack(context.isa(), srcType, spec.k(), spec.n(), weights.data(), weights.stride(0),
                weights.stride(1), spec.srcParams().zeroPoint(), NativeContext.intsOrNull(zeroPoints, temporary),
                NativeContext.intsOrNull(epilogue.integerBias(), temporary), packed);
        return packed;
    }

    private static MemorySegment packFloats(NativeContext context, MatMulSpec spec, Tensor weights, Arena arena) {
        MemorySegment packed = arena.allocate(
                context.library().f32GemmPackedBytes(context.isa(), spec.k(), spec.n()), Libtersor.ALIGNMENT_BYTES);
        context.library().f32GemmPack(context.isa(), spec.k(), spec.n(), weights.data(), weights.stride(0),
                weights.stride(1), packed);
        return packed;
    }

    @Override
    protected String kernelName() {
        return kernelName;
    }

    @Override
    protected void execute(long m, MemorySegment src, long ldSrc, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        OperandException.check(srcColumnStride == 1, "src", "rows of unit stride", "a transposed matrix");
        long rows = RowShare.rowsPerPart(m, spec().k() * spec().n(), parallelism());
        if (rows >= m) {
            multiply(m, 0, m, src, ldSrc, dst, ldDst);
            return;
        }
        SharedRun run = Objects.requireNonNullElseGet(spare.getAndSet(null), SharedRun::new);
        run.set(m, rows, src, ldSrc, dst, ldDst);
        try {
            parallelism().run(Math.ceilDiv(m, rows), run);
        } finally {
            run.set(0, 0, MemorySegment.NULL, 0, MemorySegment.NULL, 0);
            spare.set(run);
        }
    }

    /** A run whose rows threads share; kept for the next one, so that runs allocate nothing. */
    private final class SharedRun implements Parallelism.Part {
        private long m;
        private long rows;
        private MemorySegment src = MemorySegment.NULL;
        private long ldSrc;
        private MemorySegment dst = MemorySegment.NULL;
        private long ldDst;

        private void set(long runM, long partRows, MemorySegment runSrc, long runLdSrc, MemorySegment runDst,
                long runLdDst) {
            m = runM;
            rows = partRows;
            src = runSrc;
            ldSrc = runLdSrc;
            dst = runDst;
            ldDst = runLdDst;
        }

        @Override
        public void run(long part) {
            multiply(m, part * rows, Math.min(rows, m - part * rows), src, ldSrc, dst, ldDst);
        }
    }

    private void multiply(long m, long first, long count, MemorySegment src, long ldSrc, MemorySegment dst,
            long ldDst) {
        MemorySegment scratch = context.scratch().take(scratchBytes);
        try {
            if (spec().isInteger()) {
                context.library().i8Gemm(context.isa(), srcType, m, spec().k(), spec().n(), first, count, src, ldSrc,
                        packed, epilogue, dst, ldDst, scratch);
            } else {
                context.library().f32Gemm(context.isa(), m, spec().k(), spec().n(), first, count, src, ldSrc, packed,
                        epilogue, dst, ldDst, scratch);
            }
        } finally {
            context.scratch().give(scratch);
        }
    }
}
