package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.sparse.SparseFormat;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * What the builders of {@link MatMul} and {@link Conv2d} have in common: the constants, the quantization and what is
 * done to a sum. Not thread-safe; the tensors are read by {@code prepare}.
 *
 * @param <B> the builder itself
 * @param <K> the kernel it prepares
 */
public abstract sealed class ProductBuilder<B extends ProductBuilder<B, K>, K extends Kernel>
        permits MatMul.Builder, Conv2d.Builder {
    final DataType src;
    final DataType weightsType;
    final DataType dst;
    Optional<Tensor> bias = Optional.empty();
    QuantParams srcParams = QuantParams.IDENTITY;
    QuantParams weightsParams = QuantParams.IDENTITY;
    QuantParams dstParams = QuantParams.IDENTITY;
    Optional<Residual> residual = Optional.empty();
    Activation activation = Activation.NONE;
    Optional<SparseFormat> sparsity = Optional.empty();
    private final String weightsLayout;
    private Optional<Tensor> weights = Optional.empty();

    /**
     * @param weightsLayout the axes of the weights, for messages
     */
    ProductBuilder(DataType src, DataType weightsType, DataType dst, String weightsLayout) {
        this.src = src;
        this.weightsType = weightsType;
        this.dst = dst;
        this.weightsLayout = weightsLayout;
    }

    abstract B self();

    /** Returns sparse weights as a dense tensor in the kernel's layout. */
    abstract Tensor dense(SparseTensor sparse, Arena arena);

    /** Returns the axis of the weights that counts the output channels. */
    abstract int outputAxis();

    /** Returns the kernel of the spec collected so far. */
    abstract K prepare(KernelRegistry registry, PrepareOptions options);

    /** Sets f32 weights, or integer ones of scale 1, in the kernel's layout; a permuted view serves another one. */
    public B weights(Tensor values) {
        this.weights = Optional.of(values);
        return self();
    }

    /** Sets quantized weights in the kernel's layout, per tensor or per output channel. */
    public B weights(QuantizedTensor quantized) {
        this.weightsParams = quantized.params();
        weights(quantized.values());
        OperandException.check(weightsParams.isPerTensor() || weightsParams.axis() == outputAxis(), "weightsParams",
                "per tensor or along axis " + outputAxis() + " of " + weightsLayout, weightsParams);
        return self();
    }

    /**
     * Sets sparse weights, whose format the kernel then makes use of: [n, k] for a multiplication (outputs first), OIHW
     * for a convolution. They are expanded until they are packed.
     */
    public B weights(SparseTensor sparse) {
        weights(dense(sparse, Arena.ofAuto()));
        this.weightsParams = sparse.params();
        return sparsity(sparse.format());
    }

    /** Sets the arrangement of zeros in dense weights that the kernel is to make use of. */
    public B sparsity(SparseFormat format) {
        this.sparsity = Optional.of(format);
        return self();
    }

    /** Sets scale and zero point of an integer source. */
    public B source(QuantParams params) {
        this.srcParams = params;
        return self();
    }

    /** Sets scale and zero point of an 8-bit destination. */
    public B destination(QuantParams params) {
        this.dstParams = params;
        return self();
    }

    /** Sets the bias, one value for each output channel: f32, or s32 of scale srcScale * weightsScale[channel]. */
    public B bias(Tensor values) {
        this.bias = Optional.of(values);
        return self();
    }

    /** Adds a tensor of the result's shape before the activation, of type f32, or u8 or s8 with its parameters. */
    public B residual(Residual added) {
        this.residual = Optional.of(added);
        return self();
    }

    /** Sets what is applied before the result is stored. */
    public B activation(Activation other) {
        this.activation = other;
        return self();
    }

    /** Sets max(x, 0) before the result is stored. */
    public B relu() {
        return activation(Activation.RELU);
    }

    /** Prepares on the fastest backend that can, one thread. */
    public K prepare() {
        return prepare(PrepareOptions.DEFAULT);
    }

    /** Prepares on the given backend, one thread. */
    public K prepare(Backend backend) {
        return prepare(PrepareOptions.DEFAULT.on(backend));
    }

    /** Prepares as the options say. */
    public K prepare(PrepareOptions options) {
        return prepare(KernelRegistry.standard(), options);
    }

    Tensor weights() {
        return weights.orElseThrow(() -> new OperandException("weights", "a tensor " + weightsLayout, "none"));
    }

    Shape weightsShape(int rank) {
        Shape shape = weights().shape();
        OperandException.check(shape.rank() == rank, "weights", "shape " + weightsLayout, shape);
        return shape;
    }
}
