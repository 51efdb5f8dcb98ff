package io.tersor.backend.vector;

import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.Isa;
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
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
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
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * The Vector API backend. Links to nothing of {@code jdk.incubator.vector} itself, so that it can say what is missing
 * on a JVM that was started without it.
 */
public final class VectorBackend implements BackendProvider {
    private static final String MODULE = "jdk.incubator.vector";
    private static final long MAX_SPARSE_SUM = 1 << 16;
    private static final long MAX_WEIGHTS = Integer.MAX_VALUE - 8;

    private final boolean present = ModuleLayer.boot().findModule(MODULE).isPresent();
    private final ScratchPool pool = new ScratchPool();

    /** For {@link java.util.ServiceLoader}. */
    public VectorBackend() {}

    @Override
    public Backend backend() {
        return Backend.VECTOR;
    }

    @Override
    public BackendStatus status() {
        if (!present) {
            return new BackendStatus.Missing(Backend.VECTOR,
                    "SIMD kernels in Java are off; start java with --add-modules " + MODULE);
        }
        // Reports a wrong property by its own exception; met first by a static initializer, it would be an error there.
        Isa.cap();
        return new BackendStatus.Available(Backend.VECTOR, "Java " + Runtime.version(), Lanes.isa(), MODULE);
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec matMul when matMul.k() * matMul.n() > MAX_WEIGHTS -> Optional.of("more than 2^31 weights");
            case Conv2dSpec conv when conv.reduction() * conv.oc() > MAX_WEIGHTS ->
                    Optional.of("more than 2^31 weights");
            case MatMulSpec matMul when matMul.sparsity().isPresent() -> sparseRefusal(matMul.k());
            case Conv2dSpec conv when conv.sparsity().isPresent() -> sparseRefusal(conv.reduction());
            case AttentionSpec attention when !VectorAttention.serves(attention) ->
                    Optional.of("more than 1024 elements in a head");
            case Pool2dSpec pool2d when !VectorPool2d.serves(pool2d) ->
                    Optional.of("more than 65536 pixels in a window");
            case BinarySpec binary when binary.isInteger() -> Optional.of("not implemented by this backend");
            case MoveSpec _, PlaceSpec _, PadSpec _, CumulateSpec _, CastSpec _, SelectSpec _, InterpolateSpec _ ->
                    Optional.of("not implemented by this backend");
            default -> Optional.empty();
        };
    }

    /** A tile of src lies transposed as a whole in the scratch. */
    private static Optional<String> sparseRefusal(long k) {
        return k > MAX_SPARSE_SUM ? Optional.of("sparse sums of more than " + MAX_SPARSE_SUM + " products")
                : Optional.empty();
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return new VectorMatMul(spec, weights, bias, options, pool);
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        if (spec.sparsity().isPresent()) {
            return new VectorConv2d(spec, weights, bias, options.parallelism(), pool);
        }
        if (VectorDepthwiseConv2d.serves(spec)) {
            return new VectorDepthwiseConv2d(spec, weights, bias, options, pool);
        }
        return VectorWinogradConv2d.serves(spec)
                ? new VectorWinogradConv2d(spec, weights, bias, options.parallelism(), pool)
                : new VectorConv2d(spec, weights, bias, options.parallelism(), pool);
    }

    @Override
    public Add prepare(AddSpec spec, Parallelism parallelism) {
        return new VectorAdd(spec, parallelism, pool);
    }

    @Override
    public Unary prepare(UnarySpec spec, Parallelism parallelism) {
        return switch (spec) {
            case Pool2dSpec pool2d -> new VectorPool2d(pool2d, parallelism, pool);
            case GlobalAveragePoolSpec average -> new VectorGlobalAveragePool(average, parallelism, pool);
            case ActivationSpec activation -> new VectorActivation(activation, parallelism, pool);
            case TransposeSpec transpose -> new VectorTranspose(transpose, parallelism, pool);
            case ReduceSpec reduce -> new VectorReduce(reduce, parallelism, pool);
            case LookupSpec lookup -> new VectorLookup(lookup, parallelism, pool);
            case MoveSpec _, PlaceSpec _, PadSpec _, CumulateSpec _, CastSpec _ -> throw new UnsupportedKernelException(
                    backend().label(), spec, "not implemented by this backend");
            case MapSpec map -> new VectorMap(map, parallelism, pool);
            case SoftmaxSpec softmax -> new VectorSoftmax(softmax, parallelism, pool);
            case QuantizeSpec quantize when quantize.toNhwc() -> new VectorQuantizeNhwc(quantize, parallelism, pool);
            case QuantizeSpec quantize -> new VectorQuantize(quantize, parallelism, pool);
            case DequantizeSpec dequantize -> new VectorDequantize(dequantize, parallelism, pool);
            case RequantizeSpec requantize -> new VectorRequantize(requantize, parallelism, pool);
        };
    }

    @Override
    public LayerNorm prepare(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism) {
        return new VectorLayerNorm(spec, scale, bias, parallelism, pool);
    }

    @Override
    public MatrixProduct prepare(MatrixProductSpec spec, Parallelism parallelism) {
        return new VectorMatrixProduct(spec, parallelism, pool);
    }

    @Override
    public Attention prepare(AttentionSpec spec, Parallelism parallelism) {
        return new VectorAttention(spec, parallelism, pool);
    }

    @Override
    public RecurrentCell prepare(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism) {
        return new VectorRecurrentCell(spec, peepholes, parallelism, pool);
    }

    @Override
    public DynamicQuantizer prepare(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums,
            Optional<Tensor> bias, Parallelism parallelism) {
        return new VectorDynamicQuantizer(spec, weights, columnSums, bias, parallelism, pool);
    }

    @Override
    public Binary prepare(BinarySpec spec, Parallelism parallelism) {
        return new VectorBinary(spec, parallelism, pool);
    }
}
