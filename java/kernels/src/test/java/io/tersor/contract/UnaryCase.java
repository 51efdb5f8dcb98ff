package io.tersor.contract;

import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;

/**
 * One kernel of one input and one output.
 *
 * @param src row-major values
 * @param inPlace whether dst is the memory of src
 */
record UnaryCase(String id, UnarySpec spec, Shape srcShape, double[] src, Expected expected, boolean inPlace,
        int threads) implements ContractCase {
    UnaryCase(String id, UnarySpec spec, Shape srcShape, double[] src, Expected expected) {
        this(id, spec, srcShape, src, expected, false, 1);
    }

    /** Returns this case with src and dst in the same memory. */
    UnaryCase overwriting() {
        return new UnaryCase(id, spec, srcShape, src, expected, true, threads);
    }

    /** Returns this case on several threads. */
    UnaryCase on(int count) {
        return new UnaryCase(id, spec, srcShape, src, expected, inPlace, count);
    }

    @Override
    public String operands() {
        return "src " + srcShape + (inPlace ? ", in place" : "");
    }

    @Override
    public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
        Tensor a = arena.tensor(spec.srcType(), srcShape, src);
        if (!inPlace) {
            arena.seal();
        }
        Tensor dst = inPlace ? a : arena.tensor(spec.dstType(), spec.dstShape(srcShape));
        try (Unary kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
            kernel.run(a, dst);
        }
        expected.check(dst, candidate.backend());
    }
}
