package io.tersor.backend.onednn;

import io.tersor.OperandException;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * MatMul on oneDNN's primitive of the same name. The weights are packed once, into the layout that oneDNN chooses for
 * the typical number of rows; its kernels take that layout for every number of rows.
 */
final class OnednnMatMul extends MatMul {
    /**
     * For a single row of f32 oneDNN would take a layout of its own, by columns: weights that do not fit the L2 cache
     * then take 1.1 to 1.3 times as long (Zen 5), and so do more rows.
     */
    private static final long MIN_TYPICAL_ROWS = 2;
    /** More rows are not described better. */
    private static final long MAX_TYPICAL_ROWS = 1 << 20;
    /** oneDNN counts in 32 bits: 2^32 rows are none to its heuristics, by which they then divide (3.11, AVX2). */
    private static final long MAX_EXTENT = 1 << 30;
    /** Products in a step of AMX. */
    private static final int BF16_STEP = 32;
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

    /** Returns why oneDNN does not take a bias. */
    static Optional<String> refusal(MatMulSpec spec, Optional<Tensor> bias) {
        return epilogue(spec, Epilogue.of(spec, bias)).refusal();
    }

    /** Packs the weights; the arguments are those of the provider. */
    static MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        OnednnEpilogue epilogue = epilogue(spec, Epilogue.of(spec, bias));
        Arena arena = Arena.ofShared();
        try {
            return new OnednnMatMul(spec, options, arena, epilogue, weights);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(MatMulSpec spec) {
        if (spec.isDynamic()) {
            return Optional.of("oneDNN quantizes no rows at run time");
        }
        if (spec.paramsAtRun()) {
            return Optional.of("its parameters are those of the kernel");
        }
        if (spec.k() > MAX_EXTENT || spec.n() > MAX_EXTENT) {
            return Optional.of("oneDNN counts in 32 bits");
        }
        if (spec.src() == DataType.BF16 && !Onednn.get().multipliesBf16()) {
            return Optional.of("its bf16 products are emulated on " + Onednn.get().isaName() + " and lose infinities");
        }
        if (spec.src() == DataType.S8 && !spec.srcParams().isSymmetric() && Onednn.get().hasAmx()) {
            return Optional.of("its s8 sources with a zero point give wrong results on AMX for some numbers of rows");
        }
        if (spec.src() == DataType.BF16 && spec.k() % BF16_STEP != 0 && Onednn.get().hasAmx()) {
            return Optional.of("its bf16 kernels on AMX multiply what lies behind a row by zero, which infinities spoil");
        }
        if (spec.k() == 0 && spec.residual().isPresent()) {
            return Optional.of("oneDNN adds nothing to empty sums");
        }
        if (spec.k() == 0 || spec.n() == 0) {
            return Optional.empty();
        }
        Optional<String> inexact = OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.k(), spec.srcParams(),
                spec.weightsParams())
                .or(() -> OnednnEpilogue.refusal(spec.src(), spec.dst(), spec.residual(), function(spec)));
        if (inexact.isPresent()) {
            return inexact;
        }
        return PrimitiveDesc.refusal(local -> typical(local, spec,
                epilogue(spec, Epilogue.of(spec, OnednnEpilogue.placeholder(local, spec.bias(), spec.n()))),
                PrepareOptions.DEFAULT_ROWS));
    }

    private static ActivationFunction function(MatMulSpec spec) {
        return spec.activation().function();
    }

    private static OnednnEpilogue epilogue(MatMulSpec spec, Epilogue epilogue) {
        return new OnednnEpilogue(epilogue, spec.srcParams(), spec.weightsParams(), (int) spec.n());
    }

    private static PrimitiveDesc typical(Arena arena, MatMulSpec spec, OnednnEpilogue epilogue, long rows) {
        long m = Math.clamp(rows, MIN_TYPICAL_ROWS, MAX_TYPICAL_ROWS);
        MemoryDesc src = MemoryDesc.rowMajor(arena, spec.src(), m, spec.k());
        MemoryDesc weights = MemoryDesc.any(arena, spec.weights(), spec.k(), spec.n());
        MemoryDesc dst = MemoryDesc.rowMajor(arena, spec.dst(), m, spec.n());
        Attributes attributes = spec.residual().isPresent()
                ? epilogue.attributes(arena, CHANNEL_MASK,
                        MemoryDesc.rowMajor(arena, spec.residual().get().type(), m, spec.n()))
                : epilogue.attributes(arena, CHANNEL_MASK);
        return describe(arena, spec, epilogue, src, weights, dst, attributes);
    }

    private static PrimitiveDesc describe(Arena arena, MatMulSpec spec, OnednnEpilogue epilogue, MemoryDesc src,
            MemoryDesc weights, MemoryDesc dst, Attributes attributes) {
        return PrimitiveDesc.matmul(arena, src, weights, epilogue.biasDesc(arena, 1, spec.n()), dst, attributes);
    }

    /** The distance of the residual's rows is 0 where the residual is dst, or where there is none. */
    private Plan plan(Arena arena, long m, long srcRowStride, long srcColumnStride, long ldResidual, long ldDst) {
        MatMulSpec spec = spec();
        try (Arena local = Arena.ofConfined()) {
            MemoryDesc src = MemoryDesc.strided(local, spec.src(), new long[] {m, spec.k()},
                    new long[] {srcRowStride, srcColumnStride});
            MemoryDesc dst = rows(local, spec.dst(), m, ldDst);
            Optional<Plan.Operand> residual = Optional.empty();
            Attributes attributes;
            if (ldResidual == 0) {
                attributes = epilogue.attributes(local, CHANNEL_MASK);
            } else {
                // oneDNN's fast kernels take a residual that lies as dst does.
                DataType type = spec.residual().orElseThrow().type();
                MemoryDesc desc = rows(local, type, m, ldDst);
                Optional<Plan.Rows> gathered = ldResidual == ldDst ? Optional.empty() : Optional.of(new Plan.Rows(m,
                        type.bytes(spec.n()), type.bytes(ldResidual), type.bytes(ldDst)));
                attributes = epilogue.attributes(local, CHANNEL_MASK, desc);
                residual = Optional.of(new Plan.Operand(attributes.operand(), desc, gathered));
            }
            return new Plan(arena, parallelism().threads(),
                    describe(local, spec, epilogue, src, weightsDesc, dst, attributes), src, residual, dst, constants);
        }
    }

    private MemoryDesc rows(Arena arena, DataType type, long m, long stride) {
        return MemoryDesc.strided(arena, type, new long[] {m, spec().n()}, new long[] {stride, 1});
    }

    @Override
    protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        OperandException.check(m <= MAX_EXTENT, "src", "at most 2^30 rows for oneDNN", m);
        if (spec().k() == 0) {
            epilogue.fill(residual, dst, m, ldDst, (int) spec().n());
        } else {
            boolean separate = spec().residual().isPresent() && residual.address() != dst.address();
            plans.run(m, srcRowStride, srcColumnStride, separate ? ldResidual : 0, ldDst, src,
                    separate ? residual : src, dst);
            epilogue.complete(dst, m, ldDst);
        }
    }

    @Override
    protected String kernelName() {
        return implementation;
    }
}
