package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An operation of two tensors, element by element. */
final class ScalarBinary extends Binary {
    ScalarBinary(BinarySpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at) {
        if (spec().isQuantized()) {
            multiply(count, a, aAt, aConstant ? 0 : 1, b, bAt, bConstant ? 0 : 1, dst, at);
            return;
        }
        if (spec().isInteger()) {
            integers(count, a, aAt, aConstant ? 0 : 1, b, bAt, bConstant ? 0 : 1, dst, at);
            return;
        }
        for (long i = 0; i < count; i++) {
            float result = spec().operation().apply(Elements.getFloat(a, aConstant ? aAt : aAt + i),
                    Elements.getFloat(b, bConstant ? bAt : bAt + i));
            if (spec().operation().compares()) {
                Elements.setByte(dst, at + i, (int) result);
            } else {
                Elements.setFloat(dst, at + i, result);
            }
        }
    }

    private void integers(long count, MemorySegment a, long aAt, int aStep, MemorySegment b, long bAt, int bStep,
            MemorySegment dst, long at) {
        for (long i = 0; i < count; i++) {
            long result = spec().operation().apply(integer(a, aAt + i * aStep), integer(b, bAt + i * bStep));
            switch (spec().dst()) {
                case S64 -> dst.setAtIndex(JAVA_LONG, at + i, result);
                case S32 -> dst.setAtIndex(JAVA_INT, at + i, (int) result);
                default -> Elements.setByte(dst, at + i, (int) result);
            }
        }
    }

    private long integer(MemorySegment data, long offset) {
        return switch (spec().a()) {
            case S64 -> data.getAtIndex(JAVA_LONG, offset);
            case S32 -> data.getAtIndex(JAVA_INT, offset);
            default -> data.get(JAVA_BYTE, offset);
        };
    }

    private void multiply(long count, MemorySegment a, long aAt, int aStep, MemorySegment b, long bAt, int bStep,
            MemorySegment dst, long at) {
        float multiplier = spec().multiplier();
        for (long i = 0; i < count; i++) {
            float factor = (float) (Elements.getInt(b, spec().b(), bAt + i * bStep) - spec().bParams().zeroPoint())
                    * multiplier;
            float r = (float) (Elements.getInt(a, spec().a(), aAt + i * aStep) - spec().aParams().zeroPoint()) * factor;
            Elements.setByte(dst, at + i, Quantizer.saturate(r, spec().dstParams().zeroPoint(), spec().dst(),
                    Rounding.HALF_EVEN));
        }
    }
}
