package io.tersor.backend.onednn;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;

/** A kernel of one input and one output: pooling or activation. */
final class OnednnUnary extends Unary {
    private final UnaryOperation operation;
    private final PlanCache plans;
    private final String implementation;

    private OnednnUnary(UnarySpec spec, UnaryOperation operation, Parallelism parallelism, Arena arena) {
        super(spec, Backend.ONEDNN, parallelism, arena);
        this.operation = operation;
        this.plans = new PlanCache(arena, parallelism.threads(), this::plan);
        try (Arena local = Arena.ofConfined()) {
            this.implementation = operation.describe(local).implementation();
        }
    }

    static Unary prepare(UnarySpec spec, UnaryOperation operation, Parallelism parallelism) {
        Arena arena = Arena.ofShared();
        try {
            return new OnednnUnary(spec, operation, parallelism, arena);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    private Plan plan(Arena arena, long a, long b, long c, long d, long unused) {
        try (Arena local = Arena.ofConfined()) {
            return new Plan(arena, parallelism().threads(), operation.describe(local, a, b, c, d),
                    operation.src(local, a, b, c, d), Optional.empty(), operation.dst(local, a, b, c, d), List.of());
        }
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        if (src.shape().elements() == 0) {
            operation.fill(dst);
        } else {
            Shape shape = src.shape();
            if (operation.isOnImages()) {
                plans.run(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), src.data(), dst.data());
            } else {
                plans.run(1, 1, 1, shape.elements(), src.data(), dst.data());
            }
        }
    }

    @Override
    protected String kernelName() {
        return implementation;
    }
}
