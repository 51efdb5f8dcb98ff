package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
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

    /** Collects a spec, its constants and how to run it. Not thread-safe; the tensors are read by {@code prepare}. */
    public static final class Builder {
        private final DataType src;
        private final DataType weightsType;
        private final DataType dst;
        private Optional<Tensor> weights = Optional.empty();
        private Optional<Tensor> bias = Optional.empty();
        private QuantParams srcParams = QuantParams.IDENTITY;
        private QuantParams weightsParams = QuantParams.IDENTITY;
        private QuantParams dstParams = QuantParams.IDENTITY;
        private Activation activation = Activation.NONE;
        private Optional<Window> window = Optional.empty();
        private int groups = 1;

        private Builder(DataType src, DataType weightsType, DataType dst) {
            this.src = src;
            this.weightsType = weightsType;
            this.dst = dst;
        }

        /** Sets f32 weights [oc, ic / groups, kh, kw], or integer ones of scale 1. */
        public Builder weights(Tensor values) {
            this.weights = Optional.of(values);
            return this;
        }

        /** Sets quantized weights [oc, ic / groups, kh, kw], per tensor or per channel along axis 0. */
        public Builder weights(QuantizedTensor quantized) {
            this.weightsParams = quantized.params();
            OperandException.check(weightsParams.isPerTensor() || weightsParams.axis() == 0, "weightsParams",
                    "per tensor or along axis 0 of [oc, ic, kh, kw]", weightsParams);
            return weights(quantized.values());
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

        /** Sets scale and zero point of an integer source. */
        public Builder source(QuantParams params) {
            this.srcParams = params;
            return this;
        }

        /** Sets scale and zero point of an 8-bit destination. */
        public Builder destination(QuantParams params) {
            this.dstParams = params;
            return this;
        }

        /** Sets the bias: [oc] values, f32, or s32 of scale srcScale * weightsScale[oc]. */
        public Builder bias(Tensor values) {
            this.bias = Optional.of(values);
            return this;
        }

        /** Sets what is applied before the result is stored. */
        public Builder activation(Activation other) {
            this.activation = other;
            return this;
        }

        /** Sets max(x, 0) before the result is stored. */
        public Builder relu() {
            return activation(Activation.RELU);
        }

        /** Returns the spec collected so far. */
        public Conv2dSpec spec() {
            Shape shape = weights.orElseThrow(() -> new OperandException("weights", "a tensor [oc, ic, kh, kw]", "none"))
                    .shape();
            OperandException.check(shape.rank() == 4, "weights", "shape [oc, ic / groups, kh, kw]", shape);
            int kh = Math.toIntExact(shape.dim(2));
            int kw = Math.toIntExact(shape.dim(3));
            Window used = window.orElseGet(() -> Window.of(kh, kw));
            OperandException.check(used.kh() == kh && used.kw() == kw, "window", "kernel " + kh + "x" + kw, used);
            int ic = Math.toIntExact(Math.multiplyExact(shape.dim(1), (long) groups));
            return new Conv2dSpec(src, weightsType, dst, ic, Math.toIntExact(shape.dim(0)), used, groups, srcParams,
                    weightsParams, dstParams, Constants.biasKind(bias), activation);
        }

        /** Prepares on the fastest backend that can, one thread. */
        public Conv2d prepare() {
            return prepare(PrepareOptions.DEFAULT);
        }

        /** Prepares on the given backend, one thread. */
        public Conv2d prepare(Backend backend) {
            return prepare(PrepareOptions.DEFAULT.on(backend));
        }

        /** Prepares as the options say. */
        public Conv2d prepare(PrepareOptions options) {
            Conv2dSpec spec = spec();
            return KernelRegistry.standard().prepare(spec, weights.orElseThrow(), bias, options);
        }
    }
}
