package io.tersor.backend.libtersor;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Operations of two tensors of floats by tersor_binary. */
final class NativeFloats extends NativeBinary {
    private final NativeContext context;
    private final int operation;

    NativeFloats(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        refusal(spec).ifPresent(reason -> {
            throw new UnsupportedKernelException(Backend.NATIVE.label(), spec, reason);
        });
        super(context, spec, parallelism);
        this.context = context;
        this.operation = code(spec.operation());
    }

    static Optional<String> refusal(BinarySpec spec) {
        return spec.operation() == BinarySpec.Operation.POW ? Optional.of("no powers") : Optional.empty();
    }

    /** Returns the tersor_binary_operation. */
    private static int code(BinarySpec.Operation operation) {
        return switch (operation) {
            case ADD -> 0;
            case SUB -> 1;
            case MUL -> 2;
            case DIV -> 3;
            case MIN -> 4;
            case MAX -> 5;
            case PRELU -> 6;
            case FMOD -> 7;
            case EQUAL -> 8;
            case LESS, GREATER -> 9;
            case LESS_OR_EQUAL, GREATER_OR_EQUAL -> 10;
            case POW, MOD, AND, OR, XOR -> throw new IllegalStateException("refused: " + operation);
        };
    }

    @Override
    void call(long rows, long count, MemorySegment a, long aStride, long aColumn, MemorySegment b, long bStride,
            long bColumn, MemorySegment dst) {
        context.elements().binary(context.isa(), operation, rows, count, a, aStride, aColumn, b, bStride, bColumn, dst);
    }
}
