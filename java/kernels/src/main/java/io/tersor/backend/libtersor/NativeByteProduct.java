package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Products of bytes by tersor_multiply. */
final class NativeByteProduct extends Binary {
    private final NativeContext context;

    NativeByteProduct(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void executeRows(long rows, long count, MemorySegment a, long aAt, long aStride, boolean aConstant,
            MemorySegment b, long bAt, long bStride, boolean bConstant, MemorySegment dst, long at) {
        context.elements().multiply(context.isa(), rows, count, Libtersor.typeCode(spec().a()),
                spec().aParams().zeroPoint(), aStride, aConstant ? 0 : 1, NativeContext.from(a, aAt), Libtersor.typeCode(spec().b()),
                spec().bParams().zeroPoint(), bStride, bConstant ? 0 : 1, NativeContext.from(b, bAt), spec().multiplier(),
                Libtersor.typeCode(spec().dst()), spec().dstParams().zeroPoint(), NativeContext.from(dst, at));
    }

    @Override
    protected void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at) {
        executeRows(1, count, a, aAt, 0, aConstant, b, bAt, 0, bConstant, dst, at);
    }
}
