package io.tersor.backend.onednn;

import io.tersor.OperandException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * MatMul on oneDNN's primitive of the same name. The weights are packed once, into the layout that oneDNN chooses for the
 * typical number of rows; its kernels take that layout for every number of rows.
 */
final class OnednnMatMul extends MatMul {
    /**
     * For a single row of f32 oneDNN would take a layout of its own, by columns, in which weights that do not fit the L2
     * cache are read at 0.7 to 0.9 of the blocked layout's speed (Zen 5), and more rows at 0.9.
     */
    private static final long MIN_TYPICAL_ROWS = 2;
    /** Axis n of weights [k, n]. */
    private static final int CHANNEL_MASK = 1 << 1;

    private final OnednnEpilogue epilogue;
    private final PlanCache plans;
    private final MemoryDesc weightsDesc;
    private final List<Plan.Constant> constants;
    private final String implementation;

    private OnednnMatMul(MatMulSpec spec, PrepareOptions options, Arena arena, OnednnEpilogue epilogue,
            Tensor weights) {
        super(spec, Backend.ONEDNN, options.parallelism(), arena);
        int threads = options.parallelism().threads();
        this.epilogue = epilogue;
        this.constants = new ArrayList<>();
        this.plans = new PlanCache(arena, threads, this::plan);
        if (spec.k() == 0 || spec.n() == 0) {
            this.weightsDesc = MemoryDesc.NONE;
            this.implementation = "fill";
            return;
        }
        Onednn.setThreads(threads);
        try (Arena local = Arena.ofConfined()) {
            PrimitiveDesc typical = typical(local, spec, epilogue, options.rows());
            this.implementation = typical.implementation();
            this.weightsDesc = typical.weights().copy(arena);
            Tensor plain = weights.isContiguous() ? weights : weights.copy(local);
            constants.addAll(epilogue.constants(arena));
            constants.add(Weights.pack(arena, MemoryDesc.rowMajor(local, spec.weights(), spec.k(), spec.n()),
                    plain.data(), weightsDesc));
        }
    }

    /** Packs the weights; the arguments are those of the provider. */
    static MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        Arena arena = Arena.ofShared();
        try {
            return new OnednnMatMul(spec, options, arena, epilogue(spec, Epilogue.of(spec, bias)), weights);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(MatMulSpec spec) {
        if (spec.k() == 0 || spec.n() == 0) {
            return Optional.empty();
        }
        Optional<String> inexact = OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.k(), spec.srcParams(),
                spec.weightsParams());
        if (inexact.isPresent()) {
            return inexact;
        }
        return PrimitiveDesc.refusal(local -> typical(local, spec,
                epilogue(spec, Epilogue.of(spec, OnednnEpilogue.placeholder(local, spec.bias(), spec.n()))),
                PrepareOptions.DEFAULT_ROWS));
    }

    private static OnednnEpilogue epilogue(MatMulSpec spec, Epilogue epilogue) {
        return new OnednnEpilogue(epilogue, spec.srcParams(), spec.weightsParams(), (int) spec.n());
    }

    private static PrimitiveDesc typical(Arena arena, MatMulSpec spec, OnednnEpilogue epilogue, long rows) {
        long m = Math.max(rows, MIN_TYPICAL_ROWS);
        return describe(arena, spec, epilogue, MemoryDesc.rowMajor(arena, spec.src(), m, spec.k()),
                MemoryDesc.any(arena, spec.weights(), spec.k(), spec.n()),
                MemoryDesc.rowMajor(arena, spec.dst(), m, spec.n()));
    }

    private static PrimitiveDesc describe(Arena arena, MatMulSpec spec, OnednnEpilogue epilogue, MemoryDesc src,
            MemoryDesc weights, MemoryDesc dst) {
        return PrimitiveDesc.matmul(arena, src, weights, epilogue.biasDesc(arena, 1, spec.n()), dst,
                epilogue.attributes(arena, CHANNEL_MASK));
    }

    private Plan plan(Arena arena, long m, long ldSrc, long ldDst, long unused) {
        MatMulSpec spec = spec();
        try (Arena local = Arena.ofConfined()) {
            MemoryDesc src = MemoryDesc.strided(local, spec.src(), new long[] {m, spec.k()}, new long[] {ldSrc, 1});
            MemoryDesc dst = MemoryDesc.strided(local, spec.dst(), new long[] {m, spec.n()}, new long[] {ldDst, 1});
            return new Plan(arena, parallelism().threads(),
                    describe(local, spec, epilogue, src, weightsDesc, dst), src, Optional.empty(), dst, constants);
        }
    }

    @Override
    protected void execute(long m, MemorySegment src, long ldSrc, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        OperandException.check(srcColumnStride == 1, "src", "rows of unit stride", "a transposed matrix");
        if (spec().k() == 0) {
            epilogue.fill(dst, m, ldDst, (int) spec().n());
        } else {
            plans.run(m, ldSrc, ldDst, 0, src, dst);
            epilogue.complete(dst, m, ldDst);
        }
    }

    @Override
    protected String kernelName() {
        return implementation;
    }
}
