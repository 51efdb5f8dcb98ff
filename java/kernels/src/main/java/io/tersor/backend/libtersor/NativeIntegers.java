package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Operations of two tensors of integers by tersor_integer. */
final class NativeIntegers extends Binary {
    private final NativeContext context;
    private final int operation;
    private final int type;
    // Greater is less with the operands swapped.
    private final boolean swaps;

    NativeIntegers(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.operation = code(spec.operation());
        this.type = Libtersor.typeCode(spec.a());
        this.swaps = spec.operation() == BinarySpec.Operation.GREATER
                || spec.operation() == BinarySpec.Operation.GREATER_OR_EQUAL;
    }

    /** Returns the tersor_integer_operation. */
    private static int code(BinarySpec.Operation operation) {
        return switch (operation) {
            case ADD -> 0;
            case SUB -> 1;
            case MUL -> 2;
            case DIV -> 3;
            case MOD -> 4;
            case MIN -> 5;
            case MAX -> 6;
            case AND -> 7;
            case OR -> 8;
            case XOR -> 9;
            case EQUAL -> 10;
            case LESS, GREATER -> 11;
            case LESS_OR_EQUAL, GREATER_OR_EQUAL -> 12;
            case PRELU, FMOD, POW -> throw new IllegalStateException("of floats: " + operation);
        };
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(long count, MemorySegment a, long aAt, boolean aConstant, MemorySegment b, long bAt,
            boolean bConstant, MemorySegment dst, long at) {
        executeRows(1, count, a, aAt, 0, aConstant, b, bAt, 0, bConstant, dst, at);
    }

    @Override
    protected void executeRows(long rows, long count, MemorySegment a, long aAt, long aStride, boolean aConstant,
            MemorySegment b, long bAt, long bStride, boolean bConstant, MemorySegment dst, long at) {
        MemorySegment left = NativeContext.from(a, spec().a().bytes(aAt));
        MemorySegment right = NativeContext.from(b, spec().b().bytes(bAt));
        MemorySegment to = NativeContext.from(dst, spec().dst().bytes(at));
        long aColumn = aConstant ? 0 : 1;
        long bColumn = bConstant ? 0 : 1;
        if (swaps) {
            context.elements().integer(context.isa(), operation, type, rows, count, right, bStride, bColumn, left,
                    aStride, aColumn, to);
        } else {
            context.elements().integer(context.isa(), operation, type, rows, count, left, aStride, aColumn, right,
                    bStride, bColumn, to);
        }
    }
}
