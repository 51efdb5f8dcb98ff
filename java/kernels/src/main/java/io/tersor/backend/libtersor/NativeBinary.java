package io.tersor.backend.libtersor;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Operations of two tensors by tersor_binary. */
final class NativeBinary extends Binary {
    private final NativeContext context;
    private final int operation;
    // Greater is less with the operands swapped.
    private final boolean swaps;

    NativeBinary(NativeContext context, BinarySpec spec, Parallelism parallelism) {
        refusal(spec).ifPresent(reason -> {
            throw new UnsupportedKernelException(Backend.NATIVE.label(), spec, reason);
        });
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.operation = code(spec.operation());
        this.swaps = spec.operation() == BinarySpec.Operation.GREATER
                || spec.operation() == BinarySpec.Operation.GREATER_OR_EQUAL;
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
        MemorySegment left = NativeContext.from(a, aAt * Float.BYTES);
        MemorySegment right = NativeContext.from(b, bAt * Float.BYTES);
        MemorySegment to = NativeContext.from(dst, spec().dst().bytes(at));
        long aColumn = aConstant ? 0 : 1;
        long bColumn = bConstant ? 0 : 1;
        if (swaps) {
            context.elements().binary(context.isa(), operation, rows, count, right, bStride, bColumn, left, aStride,
                    aColumn, to);
        } else {
            context.elements().binary(context.isa(), operation, rows, count, left, aStride, aColumn, right, bStride,
                    bColumn, to);
        }
    }
}
