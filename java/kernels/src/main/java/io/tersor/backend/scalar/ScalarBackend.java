package io.tersor.backend.scalar;

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
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** The scalar backend: every kernel, on every machine, on the calling thread alone. */
public final class ScalarBackend implements BackendProvider {
    private static final long MAX_WEIGHTS = Integer.MAX_VALUE - 8;

    /** For {@link java.util.ServiceLoader}. */
    public ScalarBackend() {}

    @Override
    public Backend backend() {
        return Backend.SCALAR;
    }

    @Override
    public BackendStatus status() {
        return new BackendStatus.Available(Backend.SCALAR, "Java " + Runtime.version().feature(), "portable", "JDK");
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        // The weights are kept in one Java array.
        return switch (spec) {
            case MatMulSpec matMul when matMul.k() * matMul.n() > MAX_WEIGHTS -> Optional.of("more than 2^31 weights");
            case Conv2dSpec conv when conv.reduction() * conv.oc() > MAX_WEIGHTS ->
                    Optional.of("more than 2^31 weights");
            default -> Optional.empty();
        };
    }

    /** Returns the name of a product's kernel: whether zeros are skipped, one by one in every format. */
    static String productName(String name, Optional<SparseFormat> sparsity) {
        return name + (sparsity.isPresent() ? "_sparse" : "");
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return new ScalarMatMul(spec, weights, bias, options.parallelism());
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return new ScalarConv2d(spec, weights, bias, options.parallelism());
    }

    @Override
    public Add prepare(AddSpec spec, Parallelism parallelism) {
        return new ScalarAdd(spec, parallelism);
    }

    @Override
    public Unary prepare(UnarySpec spec, Parallelism parallelism) {
        return switch (spec) {
            case Pool2dSpec pool -> new ScalarPool2d(pool, parallelism);
            case GlobalAveragePoolSpec pool -> new ScalarGlobalAveragePool(pool, parallelism);
            case ActivationSpec activation -> new ScalarActivation(activation, parallelism);
            case TransposeSpec transpose -> new ScalarTranspose(transpose, parallelism);
            case LookupSpec lookup -> new ScalarLookup(lookup, parallelism);
            case CastSpec cast -> new ScalarCast(cast, parallelism);
            case PadSpec pad -> new ScalarPad(pad, parallelism);
            case CumulateSpec cumulate -> new ScalarCumulate(cumulate, parallelism);
            case PlaceSpec place -> new ScalarPlace(place, parallelism);
            case MoveSpec move -> new ScalarMove(move, parallelism);
            case ReduceSpec reduce -> new ScalarReduce(reduce, parallelism);
            case MapSpec map -> new ScalarMap(map, parallelism);
            case SoftmaxSpec softmax -> new ScalarSoftmax(softmax, parallelism);
            case QuantizeSpec quantize -> new ScalarQuantize(quantize, parallelism);
            case DequantizeSpec dequantize -> new ScalarDequantize(dequantize, parallelism);
            case RequantizeSpec requantize -> new ScalarRequantize(requantize, parallelism);
        };
    }

    @Override
    public LayerNorm prepare(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism) {
        return new ScalarLayerNorm(spec, scale, bias, parallelism);
    }

    @Override
    public MatrixProduct prepare(MatrixProductSpec spec, Parallelism parallelism) {
        return new ScalarMatrixProduct(spec, parallelism);
    }

    @Override
    public Attention prepare(AttentionSpec spec, Parallelism parallelism) {
        return spec.probabilities().isPresent() ? new ScalarQuantizedAttention(spec, parallelism)
                : new ScalarAttention(spec, parallelism);
    }

    @Override
    public RecurrentCell prepare(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism) {
        return new ScalarRecurrentCell(spec, peepholes, parallelism);
    }

    @Override
    public DynamicQuantizer prepare(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums,
            Optional<Tensor> bias, Parallelism parallelism) {
        return new ScalarDynamicQuantizer(spec, weights, columnSums, bias, parallelism);
    }

    @Override
    public Select prepare(SelectSpec spec, Parallelism parallelism) {
        return new ScalarSelect(spec, parallelism);
    }

    @Override
    public Interpolate prepare(InterpolateSpec spec, Parallelism parallelism) {
        return new ScalarInterpolate(spec, parallelism);
    }

    @Override
    public Binary prepare(BinarySpec spec, Parallelism parallelism) {
        return new ScalarBinary(spec, parallelism);
    }
}
