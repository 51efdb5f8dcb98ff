package io.tersor.backend.scalar;

import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Add, element by element. */
final class ScalarAdd extends Add {
    private final float lo;
    private final float hi;

    ScalarAdd(AddSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.lo = Elements.lo(spec.activation(), spec.dstParams());
        this.hi = Elements.hi(spec.activation(), spec.dstParams());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        if (spec().dst() == DataType.F32) {
            addFloats(count, a, b, dst);
        } else {
            addQuantized(count, a, b, dst);
        }
    }

    private void addFloats(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        boolean clips = !spec().activation().isNone();
        for (long i = 0; i < count; i++) {
            float sum = Elements.getFloat(a, i) + Elements.getFloat(b, i);
            Elements.setFloat(dst, i, clips ? Elements.clip(sum, lo, hi) : sum);
        }
    }

    private void addQuantized(long count, MemorySegment a, MemorySegment b, MemorySegment dst) {
        int aZero = spec().aParams().zeroPoint();
        int bZero = spec().bParams().zeroPoint();
        int dstZero = spec().dstParams().zeroPoint();
        float aMultiplier = spec().aMultiplier();
        float bMultiplier = spec().bMultiplier();
        for (long i = 0; i < count; i++) {
            float r = (float) (Elements.getInt(a, spec().a(), i) - aZero) * aMultiplier
                    + (float) (Elements.getInt(b, spec().b(), i) - bZero) * bMultiplier;
            int q = Quantizer.saturate(Elements.clip(r, lo, hi), dstZero, spec().dst(), Rounding.HALF_EVEN);
            Elements.setByte(dst, i, q);
        }
    }
}
