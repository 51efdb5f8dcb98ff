package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.Activation;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Add on oneDNN's binary primitive. Quantized operands are scaled into units of the destination; their zero points make
 * one constant, which a linear post-op adds before the bounds, and the destination's follows them.
 */
final class OnednnAdd extends Add {
    private static final long TYPICAL_COUNT = 1 << 16;

    private final PlanCache plans;
    private final List<Plan.Constant> constants;
    private final String implementation;

    private OnednnAdd(AddSpec spec, Parallelism parallelism, Arena arena) {
        super(spec, Backend.ONEDNN, parallelism, arena);
        this.plans = new PlanCache(arena, parallelism.threads(), this::plan);
        this.constants = isFloat(spec) ? List.of() : List.of(
                Plan.Constant.ofFloats(arena, Dnnl.DNNL_ARG_ATTR_SCALES() | Dnnl.DNNL_ARG_SRC_0(), spec.aMultiplier()),
                Plan.Constant.ofFloats(arena, Dnnl.DNNL_ARG_ATTR_SCALES() | Dnnl.DNNL_ARG_SRC_1(), spec.bMultiplier()));
        try (Arena local = Arena.ofConfined()) {
            this.implementation = describe(local, spec, TYPICAL_COUNT).implementation();
        }
    }

    static Add prepare(AddSpec spec, Parallelism parallelism) {
        Arena arena = Arena.ofShared();
        try {
            return new OnednnAdd(spec, parallelism, arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(AddSpec spec) {
        return PrimitiveDesc.refusal(local -> describe(local, spec, TYPICAL_COUNT));
    }

    private static boolean isFloat(AddSpec spec) {
        return spec.dst() == DataType.F32;
    }

    private static PrimitiveDesc describe(Arena arena, AddSpec spec, long count) {
        Attributes attributes = new Attributes(arena);
        Activation activation = spec.activation();
        if (isFloat(spec)) {
            attributes.clip(activation.lo(), activation.hi());
        } else {
            attributes.scales(Dnnl.DNNL_ARG_SRC_0(), 0).scales(Dnnl.DNNL_ARG_SRC_1(), 0);
            float shift = -(spec.aParams().zeroPoint() * spec.aMultiplier()
                    + spec.bParams().zeroPoint() * spec.bMultiplier());
            float zeroPoint = spec.dstParams().zeroPoint();
            double scale = spec.dstParams().scale();
            if (activation.isNone()) {
                attributes.linear(1, shift + zeroPoint);
            } else {
                attributes.linear(1, shift).clip((float) (activation.lo() / scale), (float) (activation.hi() / scale))
                        .linear(1, zeroPoint);
            }
        }
        return PrimitiveDesc.binary(arena, Dnnl.dnnl_binary_add(), MemoryDesc.rowMajor(arena, spec.a(), count),
                MemoryDesc.rowMajor(arena, spec.b(), count), MemoryDesc.rowMajor(arena, spec.dst(), count), attributes);
    }

    private Plan plan(Arena arena, long count, long unused1, long unused2, long unused3, long unused4) {
        AddSpec spec = spec();
        try (Arena local = Arena.ofConfined()) {
            return new Plan(arena, parallelism().threads(), describe(local, spec, count),
                    MemoryDesc.rowMajor(local, spec.a(), count),
                    Optional.of(new Plan.Operand(Dnnl.DNNL_ARG_SRC_1(), MemoryDesc.rowMajor(local, spec.b(), count),
                            Optional.empty())),
                    MemoryDesc.rowMajor(local, spec.dst(), count), constants);
        }
    }

    @Override
    protected void execute(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        plans.run(count, 0, 0, 0, 0, a, b, dst);
    }

    @Override
    protected String kernelName() {
        return implementation;
    }
}
