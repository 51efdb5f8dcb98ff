package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Global average pooling by tersor_global_average_pool, on the calling thread: it takes microseconds. */
final class NativeGlobalAveragePool extends Unary {
    private final NativeContext context;
    private final GlobalAveragePoolSpec pool;

    NativeGlobalAveragePool(NativeContext context, GlobalAveragePoolSpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.pool = spec;
    }

    @Override
    protected String kernelName() {
        return pool.name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        Shape shape = src.shape();
        context.elements().globalAveragePool(context.isa(), Libtersor.typeCode(pool.type()), shape.dim(0),
                shape.dim(1) * shape.dim(2), shape.dim(3), pool.srcParams().zeroPoint(), pool.multiplier(),
                pool.dstParams().zeroPoint(), src.data(), dst.data());
    }
}
