package io.tersor.backend.libtersor;

import io.tersor.TersorException;
import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The kernels that run on libtersor, at the fastest instruction set of this machine that the property
 * {@value Isa#PROPERTY} allows.
 */
public final class NativeBackend implements BackendProvider {
    private static final String NAME = "libtersor";
    private static final String FILE_NAME = System.mapLibraryName("tersor");

    private final Optional<Isa> cap;
    private volatile Optional<Loading> loading = Optional.empty();

    /** What became of the library: the context, or the reason why there is none. */
    private sealed interface Loading {
        record Loaded(NativeContext context) implements Loading {}

        record Failed(String reason) implements Loading {}
    }

    /** For {@link java.util.ServiceLoader}. */
    public NativeBackend() {
        this.cap = Optional.empty();
    }

    /** Returns the backend with a cap of its own besides the property's; the lower one counts. */
    public NativeBackend(Isa cap) {
        this.cap = Optional.of(cap);
    }

    private Loading loading() {
        if (loading.isEmpty()) {
            synchronized (this) {
                if (loading.isEmpty()) {
                    loading = Optional.of(load());
                }
            }
        }
        return loading.orElseThrow();
    }

    private Loading load() {
        try {
            Optional<Isa> limit = Stream.concat(cap.stream(), Isa.cap().stream()).min(Comparator.naturalOrder());
            Libtersor library = new Libtersor(NativeLibrary.load(new NativeBundle(NAME,
                    List.of("META-INF/native/" + NativePlatform.current() + "/" + FILE_NAME),
                    "a build of tersor-kernels that had CMake and a C compiler")));
            return new Loading.Loaded(
                    new NativeContext(library, Tier.fastest(library.cpuIsas(), limit), new ScratchPool(),
                            new WeightMemory(library)));
        } catch (TersorException missing) {
            return new Loading.Failed(missing.getMessage());
        }
    }

    private NativeContext context(KernelSpec spec) {
        return switch (loading()) {
            case Loading.Loaded loaded -> loaded.context();
            case Loading.Failed failed -> throw new UnsupportedKernelException(backend().label(), spec,
                    failed.reason());
        };
    }

    @Override
    public Backend backend() {
        return Backend.NATIVE;
    }

    @Override
    public BackendStatus status() {
        return switch (loading()) {
            case Loading.Loaded(NativeContext context) -> new BackendStatus.Available(Backend.NATIVE,
                    NAME + " " + context.library().version(), context.tier().label(),
                    context.library().file().toString());
            case Loading.Failed(String reason) -> new BackendStatus.Missing(Backend.NATIVE, reason);
        };
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return switch (spec) {
            case RecurrentCellSpec cell -> NativeRecurrentCell.refusal(cell);
            case MatMulSpec matMul -> Sparsity.refusal(matMul.sparsity(), matMul.weights());
            case Conv2dSpec conv ->
                    conv.reduction() > Integer.MAX_VALUE ? Optional.of("sums of more than 2^31 - 1 products")
                            : Optional.empty();
            case QuantizeSpec quantize when quantize.rounding() != Rounding.HALF_EVEN ->
                    Optional.of("rounds half to even only");
            case QuantizeSpec _, DequantizeSpec _, RequantizeSpec _ -> Optional.empty();
            case LayerNormSpec _, LookupSpec _ -> Optional.empty();
            case BinarySpec binary when binary.isQuantized() || binary.isInteger() -> Optional.empty();
            case MoveSpec _, PlaceSpec _, TransposeSpec _ -> NativeMove.refusal(spec);
            case PadSpec pad -> NativePad.refusal(pad);
            case MapSpec _, ActivationSpec _ -> NativeMap.refusal(spec);
            case BinarySpec binary -> NativeFloats.refusal(binary);
            case ReduceSpec reduce -> NativeReduce.refusal(reduce);
            case AddSpec add -> NativeAdd.refusal(add);
            case InterpolateSpec _ -> Optional.empty();
            case SoftmaxSpec _, CastSpec _, SelectSpec _, CumulateSpec _, DynamicQuantizerSpec _ -> Optional.empty();
            case GlobalAveragePoolSpec _ -> Optional.empty();
            case Pool2dSpec pool -> NativePool2d.refusal(pool);
            case AttentionSpec attention -> NativeAttention.refusal(attention);
            default -> Optional.of("not implemented by this backend");
        };
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return NativeMatMul.prepare(context(spec), spec, weights, bias, options);
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return NativeConv2d.prepare(context(spec), spec, weights, bias, options);
    }

    @Override
    public LayerNorm prepare(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism) {
        return NativeLayerNorm.prepare(context(spec), spec, scale, bias, parallelism);
    }

    @Override
    public Unary prepare(UnarySpec spec, Parallelism parallelism) {
        NativeContext context = context(spec);
        return switch (spec) {
            case QuantizeSpec quantize -> NativeConversion.of(context, quantize, parallelism);
            case DequantizeSpec dequantize -> NativeConversion.of(context, dequantize, parallelism);
            case RequantizeSpec requantize -> NativeConversion.of(context, requantize, parallelism);
            case GlobalAveragePoolSpec pool -> new NativeGlobalAveragePool(context, pool, parallelism);
            case MoveSpec _, PlaceSpec _, TransposeSpec _ -> new NativeMove(context, spec, parallelism);
            case PadSpec pad -> new NativePad(context, pad, parallelism);
            case CumulateSpec cumulate -> new NativeCumulate(context, cumulate, parallelism);
            case LookupSpec lookup -> NativeLookup.of(context, lookup, parallelism);
            case MapSpec map -> NativeMap.of(context, map, parallelism);
            case ActivationSpec activation -> NativeMap.of(context, activation, parallelism);
            case CastSpec cast -> new NativeCast(context, cast, parallelism);
            case ReduceSpec reduce -> new NativeReduce(context, reduce, parallelism);
            case SoftmaxSpec softmax -> new NativeSoftmax(context, softmax, parallelism);
            case Pool2dSpec pool -> NativePool2d.prepare(context, pool, parallelism);
            default -> throw new UnsupportedKernelException(backend().label(), spec, "not implemented by this backend");
        };
    }

    @Override
    public Add prepare(AddSpec spec, Parallelism parallelism) {
        return new NativeAdd(context(spec), spec, parallelism);
    }

    @Override
    public Select prepare(SelectSpec spec, Parallelism parallelism) {
        return new NativeSelect(context(spec), spec, parallelism);
    }

    @Override
    public Interpolate prepare(InterpolateSpec spec, Parallelism parallelism) {
        return new NativeInterpolate(context(spec), spec, parallelism);
    }

    @Override
    public Binary prepare(BinarySpec spec, Parallelism parallelism) {
        NativeContext context = context(spec);
        return spec.isQuantized() ? new NativeByteProduct(context, spec, parallelism)
                : spec.isInteger() ? new NativeIntegers(context, spec, parallelism)
                : new NativeFloats(context, spec, parallelism);
    }

    @Override
    public RecurrentCell prepare(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism) {
        return NativeRecurrentCell.prepare(context(spec), spec, peepholes, parallelism);
    }

    @Override
    public DynamicQuantizer prepare(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums,
            Optional<Tensor> bias, Parallelism parallelism) {
        return NativeDynamicQuantizer.prepare(context(spec), spec, weights, columnSums, bias, parallelism);
    }

    @Override
    public Attention prepare(AttentionSpec spec, Parallelism parallelism) {
        return NativeAttention.prepare(context(spec), spec, parallelism);
    }
}
