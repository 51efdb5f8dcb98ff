package io.tersor.backend.libtersor;

import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.MemorySegment;

/** Operations of two tensors of integers by tersor_integer. */
final class NativeIntegers extends NativeBinary {
    private final NativeContext context;
    private final int operation;
    private final int type;

    NativeIntegers(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        super(context, spec, parallelism);
        this.context = context;
        this.operation = code(spec.operation());
        this.type = Libtersor.typeCode(spec.a());
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
    void call(long rows, long count, MemorySegment a, long aStride, long aColumn, MemorySegment b, long bStride,
            long bColumn, MemorySegment dst) {
        context.elements().integer(context.isa(), operation, type, rows, count, a, aStride, aColumn, b, bStride,
                bColumn, dst);
    }
}
