package io.tersor.backend.libtersor;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.List;
import java.util.Optional;

/** Recurrent cells by tersor_recurrent_step. */
final class NativeRecurrentCell extends RecurrentCell {
    private static final StructLayout FUNCTION = MemoryLayout.structLayout(JAVA_INT.withName("function"),
            JAVA_FLOAT.withName("alpha"), JAVA_FLOAT.withName("beta"));
    private static final StructLayout STRUCT = MemoryLayout.structLayout(ADDRESS.withName("peepholes"),
            JAVA_LONG.withName("hidden"), JAVA_INT.withName("kind"), JAVA_INT.withName("coupled"),
            JAVA_INT.withName("reset_after"), JAVA_FLOAT.withName("clip"), FUNCTION.withName("gate"),
            FUNCTION.withName("candidate"), FUNCTION.withName("output"), JAVA_INT.withName("reserved"));

    private final NativeContext context;
    private final MemorySegment cell;

    private NativeRecurrentCell(NativeContext context, RecurrentCellSpec spec, MemorySegment cell,
            Parallelism parallelism, Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.cell = cell;
    }

    static NativeRecurrentCell prepare(NativeContext context, RecurrentCellSpec spec, Optional<Tensor> peepholes,
            Parallelism parallelism) {
        return NativeContext.building(arena -> {
            MemorySegment struct = arena.allocate(STRUCT);
            struct.set(ADDRESS, offset("peepholes"), peepholes.map(p -> arena.allocateFrom(JAVA_FLOAT, p.toFloats()))
                    .orElse(MemorySegment.NULL));
            struct.set(JAVA_LONG, offset("hidden"), spec.hidden());
            // TERSOR_RNN, TERSOR_GRU and TERSOR_LSTM have the same order.
            struct.set(JAVA_INT, offset("kind"), spec.kind().ordinal());
            struct.set(JAVA_INT, offset("coupled"), spec.coupled() ? 1 : 0);
            struct.set(JAVA_INT, offset("reset_after"), spec.resetAfter() ? 1 : 0);
            struct.set(JAVA_FLOAT, offset("clip"), spec.clip());
            function(struct, "gate", spec.gate());
            function(struct, "candidate", spec.candidate());
            function(struct, "output", spec.output());
            return new NativeRecurrentCell(context, spec, struct, parallelism, arena);
        });
    }

    private static void function(MemorySegment struct, String field, MapSpec function) {
        struct.set(JAVA_INT, offset(field), NativeMap.code(function.function()));
        struct.set(JAVA_FLOAT, offset(field) + FUNCTION.byteOffset(groupElement("alpha")), function.alpha());
        struct.set(JAVA_FLOAT, offset(field) + FUNCTION.byteOffset(groupElement("beta")), function.beta());
    }

    private static long offset(String field) {
        return STRUCT.byteOffset(groupElement(field));
    }

    static Optional<String> refusal(RecurrentCellSpec spec) {
        return List.of(spec.gate(), spec.candidate(), spec.output()).stream()
                .flatMap(function -> NativeMap.refusal(function).stream()).findFirst();
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void step(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment c,
            long at) {
        context.elements().recurrentStep(context.isa(), cell, x, xAt, r, rAt, h, c, at);
    }

    @Override
    protected void reset(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment scaled,
            long at) {
        context.elements().recurrentReset(context.isa(), cell, x, xAt, r, rAt, h, scaled, at);
    }
}
