package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A function of every element, by its formula in binary64. */
final class ScalarMap extends Unary {
    private final MapSpec map;

    ScalarMap(MapSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.map = spec;
    }

    @Override
    protected String kernelName() {
        return map.name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        MemorySegment from = src.data();
        MemorySegment to = dst.data();
        long elements = src.shape().elements();
        for (long i = 0; i < elements; i++) {
            Elements.setFloat(to, i, (float) map.apply(Elements.getFloat(from, i)));
        }
    }
}
