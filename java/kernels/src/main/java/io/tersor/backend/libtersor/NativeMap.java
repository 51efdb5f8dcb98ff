package io.tersor.backend.libtersor;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.SharedUnary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Functions and bounds of every f32 element by tersor_map; threads share the elements. */
final class NativeMap extends SharedUnary {
    /** Elements for which another thread is worth waking. */
    private static final long PART_ELEMENTS = 1 << 14;
    /** TERSOR_MAP_CLIP. */
    static final int CLIP = 0;
    private static final int NONE = -1;

    private final NativeContext context;
    private final List<Pass> passes;

    /** A tersor_map_function with its parameters. */
    private record Pass(int function, float alpha, float beta) {}

    private NativeMap(NativeContext context, UnarySpec spec, List<Pass> passes, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
        this.passes = passes;
    }

    static NativeMap of(NativeContext context, MapSpec spec, Parallelism parallelism) {
        requireSupported(spec);
        return new NativeMap(context, spec, List.of(new Pass(code(spec.function()), spec.alpha(), spec.beta())),
                parallelism);
    }

    static NativeMap of(NativeContext context, ActivationSpec spec, Parallelism parallelism) {
        requireSupported(spec);
        Activation activation = spec.activation();
        List<Pass> passes = new ArrayList<>();
        if (!activation.isClip()) {
            passes.add(new Pass(code(activation), 0f, 0f));
        }
        if (activation.isBounded()) {
            passes.add(new Pass(CLIP, activation.lo(), activation.hi()));
        }
        return new NativeMap(context, spec, List.copyOf(passes), parallelism);
    }

    private static void requireSupported(UnarySpec spec) {
        refusal(spec).ifPresent(reason -> {
            throw new UnsupportedKernelException(Backend.NATIVE.label(), spec, reason);
        });
    }

    static Optional<String> refusal(KernelSpec spec) {
        return switch (spec) {
            case MapSpec map when code(map.function()) == NONE -> Optional.of("no " + map.function());
            case ActivationSpec activation when activation.type() != DataType.F32 ->
                    Optional.of("activations of f32 only");
            case ActivationSpec activation when activation.activation().isNone() -> Optional.of("no copies");
            default -> Optional.empty();
        };
    }

    /** Returns the value of tersor_map_function, negative if there is none. */
    static int code(MapFunction function) {
        return switch (function) {
            case ABS -> 5;
            case NEG -> 6;
            case RELU -> 7;
            case LEAKY_RELU -> 8;
            case AFFINE -> 9;
            case HARD_SIGMOID -> 10;
            case SQRT -> 11;
            case RECIPROCAL -> 12;
            case EXP -> 13;
            case SIGMOID -> 14;
            case TANH -> 15;
            case ERF -> 16;
            default -> NONE;
        };
    }

    private static int code(Activation activation) {
        return switch (activation.function()) {
            case IDENTITY -> CLIP;
            case GELU -> 1;
            case GELU_TANH -> 2;
            case SILU -> 3;
            case HARD_SWISH -> 4;
        };
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + context.tier().label();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long elements = src.shape().elements();
        share(elements, elements / PART_ELEMENTS, src, dst);
    }

    @Override
    protected void range(long first, long end, Tensor src, Tensor dst) {
        MemorySegment from = NativeContext.from(src.data(), first * Float.BYTES);
        MemorySegment to = NativeContext.from(dst.data(), first * Float.BYTES);
        for (int i = 0; i < passes.size(); i++) {
            Pass pass = passes.get(i);
            context.elements().map(context.isa(), pass.function, pass.alpha, pass.beta, end - first, i == 0 ? from : to,
                    to);
        }
    }
}
