package io.tersor.backend.libtersor;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.Optional;
import java.util.stream.Stream;

/** Attention of floats, or of bytes with 8-bit probabilities, by tersor_attention; threads share heads. */
final class NativeAttention extends Attention {
    private static final StructLayout OPERAND = MemoryLayout.structLayout(JAVA_INT.withName("type"),
            JAVA_INT.withName("zero_point"), JAVA_INT.withName("layout"), JAVA_INT.withName("reserved"));
    private static final StructLayout SPEC = MemoryLayout.structLayout(JAVA_LONG.withName("heads"),
            JAVA_LONG.withName("kv_heads"), JAVA_LONG.withName("size"), JAVA_LONG.withName("value_size"),
            OPERAND.withName("q"), OPERAND.withName("k"), OPERAND.withName("v"), OPERAND.withName("dst"),
            JAVA_FLOAT.withName("score_scale"), JAVA_FLOAT.withName("probability_scale"),
            JAVA_FLOAT.withName("output_scale"), JAVA_INT.withName("causal"));

    private final NativeContext context;
    private final MemorySegment struct;
    private final String kernelName;
    private volatile Sizing sizing = new Sizing(-1, 0);

    /** What scratch keys of one length need; kept, as asking libtersor allocates. */
    private record Sizing(int lengthK, long bytes) {}

    private NativeAttention(NativeContext context, AttentionSpec spec, MemorySegment struct, Parallelism parallelism,
            Arena arena) {
        super(spec, Backend.NATIVE, parallelism, arena);
        this.context = context;
        this.struct = struct;
        this.kernelName = context.products().attentionKernelName(context.isa(), struct);
    }

    static Optional<String> refusal(AttentionSpec spec) {
        boolean floats = Stream.of(spec.q(), spec.k(), spec.v(), spec.dst())
                .allMatch(operand -> operand.type() == DataType.F32);
        return floats || spec.probabilities().isPresent() ? Optional.empty()
                : Optional.of("operands of f32 throughout, or quantized probabilities");
    }

    static NativeAttention prepare(NativeContext context, AttentionSpec spec, Parallelism parallelism) {
        return NativeContext.building(arena ->
                new NativeAttention(context, spec, struct(spec, arena), parallelism, arena));
    }

    private static MemorySegment struct(AttentionSpec spec, Arena arena) {
        MemorySegment struct = arena.allocate(SPEC);
        struct.set(JAVA_LONG, offset("heads"), spec.heads());
        struct.set(JAVA_LONG, offset("kv_heads"), spec.kvHeads());
        struct.set(JAVA_LONG, offset("size"), spec.size());
        struct.set(JAVA_LONG, offset("value_size"), spec.valueSize());
        set(struct, "q", spec.q());
        set(struct, "k", spec.k());
        set(struct, "v", spec.v());
        set(struct, "dst", spec.dst());
        struct.set(JAVA_FLOAT, offset("score_scale"), spec.scoreScale());
        struct.set(JAVA_FLOAT, offset("probability_scale"),
                spec.probabilities().map(QuantParams::scale).orElse(0f));
        struct.set(JAVA_FLOAT, offset("output_scale"), spec.outputScale());
        struct.set(JAVA_INT, offset("causal"), spec.causal() ? 1 : 0);
        return struct;
    }

    private static void set(MemorySegment struct, String name, Operand operand) {
        MemorySegment at = struct.asSlice(offset(name), OPERAND);
        at.set(JAVA_INT, OPERAND.byteOffset(groupElement("type")), Libtersor.typeCode(operand.type()));
        at.set(JAVA_INT, OPERAND.byteOffset(groupElement("zero_point")), operand.params().zeroPoint());
        at.set(JAVA_INT, OPERAND.byteOffset(groupElement("layout")), operand.layout() == Layout.TOKENS ? 0 : 1);
    }

    private static long offset(String field) {
        return SPEC.byteOffset(groupElement(field));
    }

    @Override
    protected String kernelName() {
        return kernelName;
    }

    @Override
    protected void execute(long n, int lengthQ, int lengthK, MemorySegment q, MemorySegment k, MemorySegment v,
            MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst) {
        AttentionSpec spec = spec();
        long heads = n * spec.heads();
        long products = (long) lengthQ * lengthK * (spec.size() + spec.valueSize());
        long part = WorkShare.linesPerPart(heads, products, parallelism());
        long scratchBytes = scratchBytes(lengthK);
        if (part >= heads) {
            attend(n, lengthQ, lengthK, 0, heads, q, k, v, mask, maskImage, maskHead, maskRow, dst, scratchBytes);
            return;
        }
        parallelism().run(Math.ceilDiv(heads, part), index -> attend(n, lengthQ, lengthK, index * part,
                Math.min(part, heads - index * part), q, k, v, mask, maskImage, maskHead, maskRow, dst,
                scratchBytes));
    }

    private long scratchBytes(int lengthK) {
        Sizing known = sizing;
        if (known.lengthK != lengthK) {
            known = new Sizing(lengthK, context.products().attentionScratchBytes(context.isa(), struct, lengthK));
            sizing = known;
        }
        return known.bytes;
    }

    private void attend(long n, int lengthQ, int lengthK, long firstHead, long count, MemorySegment q, MemorySegment k,
            MemorySegment v, MemorySegment mask, long maskImage, long maskHead, long maskRow, MemorySegment dst,
            long scratchBytes) {
        MemorySegment scratch = context.scratch().take(scratchBytes);
        try {
            context.products().attention(context.isa(), struct, n, lengthQ, lengthK, firstHead, count, q, k, v, mask,
                    maskImage, maskHead, maskRow, dst, scratch);
        } finally {
            context.scratch().give(scratch);
        }
    }
}
