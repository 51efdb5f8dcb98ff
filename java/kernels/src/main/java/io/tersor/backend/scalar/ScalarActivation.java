package io.tersor.backend.scalar;

import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Functions and bounds, element by element. */
final class ScalarActivation extends Unary {
    private final ActivationSpec activation;
    private final float lo;
    private final float hi;

    ScalarActivation(ActivationSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.activation = spec;
        this.lo = Elements.lo(spec.activation(), spec.params());
        this.hi = Elements.hi(spec.activation(), spec.params());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        MemorySegment from = src.data();
        MemorySegment to = dst.data();
        if (activation.activation().isNone()) {
            to.copyFrom(from);
            return;
        }
        long elements = src.shape().elements();
        DataType type = activation.type();
        int zeroPoint = activation.params().zeroPoint();
        for (long i = 0; i < elements; i++) {
            if (type == DataType.F32) {
                float y = activation.activation().function().apply(Elements.getFloat(from, i));
                Elements.setFloat(to, i, activation.activation().isBounded() ? Elements.clip(y, lo, hi) : y);
            } else {
                float r = Elements.clip(Elements.getInt(from, type, i) - zeroPoint, lo, hi);
                Elements.setByte(to, i, Quantizer.saturate(r, zeroPoint, type, Rounding.HALF_EVEN));
            }
        }
    }
}
