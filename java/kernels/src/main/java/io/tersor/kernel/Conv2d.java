package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A prepared two-dimensional convolution over NHWC images, see {@link Conv2dSpec}. */
public abstract non-sealed class Conv2d extends Kernel {
    private final Conv2dSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected Conv2d(Conv2dSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final Conv2dSpec spec() {
        return spec;
    }

    /**
     * Computes dst from src. Allocates nothing once warm for an image size; safe from many threads at once with
     * different dst.
     *
     * @param src [n, h, w, ic], contiguous
     * @param dst [n, oh, ow, oc], contiguous; must not overlap src
     * @throws OperandException if type, shape or strides do not fit, or a residual is needed
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     * @throws WrongThreadException if a tensor's arena is confined to another thread
     */
    public final void run(Tensor src, Tensor dst) {
        OperandException.check(spec.residual().isEmpty(), "residual", "a tensor", "none");
        start(src, dst, dst);
    }

    /**
     * Computes dst from src and the residual that the spec announces, as {@link #run(Tensor, Tensor)} does.
     *
     * @param residual of dst's shape, contiguous; may be dst itself where the types are the same
     */
    public final void run(Tensor src, Tensor residual, Tensor dst) {
        OperandException.check(spec.residual().isPresent(), "residual", "none", residual);
        start(src, residual, dst);
    }

    /** The residual is any tensor where the spec has none. */
    private void start(Tensor src, Tensor residual, Tensor dst) {
        checkOpen();
        Shape in = src.shape();
        if (src.type() != spec.src() || in.rank() != 4 || in.dim(3) != spec.ic() || !src.isContiguous()) {
            throw new OperandException("src", spec.src() + " contiguous [n, h, w, " + spec.ic() + "]", src);
        }
        long oh = spec.window().outHeight(in.dim(1));
        long ow = spec.window().outWidth(in.dim(2));
        checkResult("dst", dst, spec.dst(), in, oh, ow);
        boolean added = spec.residual().isPresent();
        if (added) {
            checkResult("residual", residual, spec.residual().get().type(), in, oh, ow);
        }
        if (dst.shape().elements() == 0) {
            return;
        }
        execute(in.dim(0), in.dim(1), in.dim(2), src.data(), oh, ow, added ? residual.data() : MemorySegment.NULL,
                dst.data());
    }

    private void checkResult(String operand, Tensor tensor, DataType type, Shape in, long oh, long ow) {
        Shape out = tensor.shape();
        if (tensor.type() != type || out.rank() != 4 || out.dim(0) != in.dim(0) || out.dim(1) != oh
                || out.dim(2) != ow || out.dim(3) != spec.oc() || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " contiguous " + spec.dstShape(in), tensor);
        }
    }

    /**
     * Computes n images of h x w pixels into oh x ow ones. The arguments are checked: dst is not empty, the segments
     * hold exactly their tensors, aligned for their types. h or w may be 0 where the padding alone makes an output.
     *
     * @param residual as dst, maybe dst itself; NULL where the spec has none
     */
    protected abstract void execute(long n, long h, long w, MemorySegment src, long oh, long ow,
            MemorySegment residual, MemorySegment dst);

    /** Starts the description of a convolution of the given types; f32 ones need no quantization parameters. */
    public static Builder spec(DataType src, DataType weights, DataType dst) {
        return new Builder(src, weights, dst);
    }

    /**
     * Collects a spec, its constants and how to run it. Weights are [oc, ic / groups, kh, kw], the output channels its
     * axis 0.
     */
    public static final class Builder extends ProductBuilder<Builder, Conv2d> {
        private Optional<Window> window = Optional.empty();
        private int groups = 1;

        private Builder(DataType src, DataType weights, DataType dst) {
            super(src, weights, dst, "[oc, ic / groups, kh, kw]");
        }

        @Override
        Builder self() {
            return this;
        }

        @Override
        Tensor dense(SparseTensor sparse, Arena arena) {
            OperandException.check(sparse.shape().rank() == 4, "weights", "sparse [oc, ic / groups, kh, kw]",
                    sparse.shape());
            return sparse.toDense(arena);
        }

        @Override
        int outputAxis() {
            return 0;
        }

        /** Sets strides, padding and dilation; its kernel must be that of the weights. By default a dense window. */
        public Builder window(Window other) {
            this.window = Optional.of(other);
            return this;
        }

        /** Sets the number of groups; {@code ic} for a depthwise convolution. */
        public Builder groups(int count) {
            this.groups = count;
            return this;
        }

        /** Returns the spec collected so far. */
        public Conv2dSpec spec() {
            Shape shape = weightsShape(4);
            int kh = Math.toIntExact(shape.dim(2));
            int kw = Math.toIntExact(shape.dim(3));
            Window used = window.orElseGet(() -> Window.of(kh, kw));
            OperandException.check(used.kh() == kh && used.kw() == kw, "window", "kernel " + kh + "x" + kw, used);
            int ic = Math.toIntExact(Math.multiplyExact(shape.dim(1), (long) groups));
            return new Conv2dSpec(src, weightsType, dst, ic, Math.toIntExact(shape.dim(0)), used, groups, srcParams,
                    weightsParams, dstParams, Constants.biasKind(bias), residual, activation, sparsity);
        }

        @Override
        Conv2d prepare(KernelRegistry registry, PrepareOptions options) {
            return registry.prepare(spec(), weights(), bias, options);
        }
    }
}
