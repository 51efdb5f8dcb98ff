package io.tersor.kernel;

import io.tersor.OperandException;
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
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     * @throws WrongThreadException if a tensor's arena is confined to another thread
     */
    public final void run(Tensor src, Tensor dst) {
        checkOpen();
        Shape in = src.shape();
        if (src.type() != spec.src() || in.rank() != 4 || in.dim(3) != spec.ic() || !src.isContiguous()) {
            throw new OperandException("src", spec.src() + " contiguous [n, h, w, " + spec.ic() + "]", src);
        }
        long oh = spec.window().outHeight(in.dim(1));
        long ow = spec.window().outWidth(in.dim(2));
        Shape out = dst.shape();
        if (dst.type() != spec.dst() || out.rank() != 4 || out.dim(0) != in.dim(0) || out.dim(1) != oh
                || out.dim(2) != ow || out.dim(3) != spec.oc() || !dst.isContiguous()) {
            throw new OperandException("dst", spec.dst() + " contiguous " + spec.dstShape(in), dst);
        }
        if (out.elements() == 0) {
            return;
        }
        execute(in.dim(0), in.dim(1), in.dim(2), src.data(), oh, ow, dst.data());
    }

    /**
     * Computes n images of h x w pixels into oh x ow ones. The arguments are checked: dst is not empty, both segments
     * hold exactly their tensors, aligned for their types. h or w may be 0 where the padding alone makes an output.
     */
    protected abstract void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment dst);

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
                    weightsParams, dstParams, Constants.biasKind(bias), activation);
        }

        @Override
        Conv2d prepare(KernelRegistry registry, PrepareOptions options) {
            return registry.prepare(spec(), weights(), bias, options);
        }
    }
}
