package io.tersor.kernel;

import io.tersor.UnsupportedKernelException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * What a backend implements, found through {@link java.util.ServiceLoader}. Creating a provider must succeed on every
 * machine; what is missing is told by {@link #status}. Thread-safe.
 *
 * <p>A {@code prepare} is only called after each {@code refusal} was empty and the constants were checked against the
 * spec.
 */
public interface BackendProvider {
    /** Returns which backend this is. */
    Backend backend();

    /** Returns whether it runs here; loads what it needs on the first call. */
    BackendStatus status();

    /** Returns why this backend, though available, does not run a spec; empty when it does. */
    Optional<String> refusal(KernelSpec spec);

    /**
     * Returns why this backend, which runs the spec, does not run it with these constants; empty when it does.
     *
     * @param bias [n], present if the spec has one
     */
    default Optional<String> refusal(MatMulSpec spec, Optional<Tensor> bias) {
        return Optional.empty();
    }

    /**
     * Returns why this backend, which runs the spec, does not run it with these constants; empty when it does.
     *
     * @param bias [oc], present if the spec has one
     */
    default Optional<String> refusal(Conv2dSpec spec, Optional<Tensor> bias) {
        return Optional.empty();
    }

    /**
     * Packs the weights and returns the kernel.
     *
     * @param spec of batch 1: the registry serves batches by one kernel for each member
     * @param weights [k, n], any strides; read before this returns, not kept
     * @param bias [n], present if the spec has one; read before this returns, not kept
     * @param options whose backend is this one or none
     */
    default MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        throw unsupported(spec);
    }

    /**
     * Packs the weights and returns the kernel.
     *
     * @param weights [oc, ic / groups, kh, kw], any strides; read before this returns, not kept
     * @param bias [oc], present if the spec has one; read before this returns, not kept
     */
    default Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Add prepare(AddSpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Unary prepare(UnarySpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /**
     * Returns the kernel.
     *
     * @param scale [columns], f32, any stride; read before this returns, not kept
     * @param bias likewise, present if the spec has one
     */
    default LayerNorm prepare(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default MatrixProduct prepare(MatrixProductSpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Binary prepare(BinarySpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Select prepare(SelectSpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Interpolate prepare(InterpolateSpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /**
     * Returns the kernel.
     *
     * @param peepholes [3 * hidden], f32, of the gates i o f, present if the spec has them; read before this returns
     */
    default RecurrentCell prepare(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /**
     * Returns the kernel.
     *
     * @param weights scales per tensor or for each of the n columns, with zero points that count for nothing here
     * @param columnSums [n], s32: the weights of each column less their zero point, summed up; read before this returns
     * @param bias [n], f32; read before this returns
     */
    default DynamicQuantizer prepare(DynamicQuantizerSpec spec, QuantParams weights, Tensor columnSums,
            Optional<Tensor> bias, Parallelism parallelism) {
        throw unsupported(spec);
    }

    /** Returns the kernel. */
    default Attention prepare(AttentionSpec spec, Parallelism parallelism) {
        throw unsupported(spec);
    }

    private UnsupportedKernelException unsupported(KernelSpec spec) {
        return new UnsupportedKernelException(backend().label(), spec, "not implemented by this backend");
    }
}
