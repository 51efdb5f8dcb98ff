package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.UnarySpec;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * An operation of one input and one output in oneDNN's terms. A shape is given by four extents: n, h, w, c of images,
 * or 1, 1, 1 and the number of elements.
 */
sealed interface UnaryOperation {
    /** Returns why oneDNN has nothing good for a spec. */
    static Optional<String> refusal(UnarySpec spec) {
        return switch (spec) {
            case Pool2dSpec pool -> overread(pool.type()).or(() -> Pooling.refusal(pool)).or(() -> available(spec));
            case GlobalAveragePoolSpec pool -> overread(pool.type()).or(() -> available(spec));
            case SoftmaxSpec _ -> Optional.of("oneDNN's softmax loses small results and infinities");
            case ActivationSpec activation when activation.type() == DataType.F32
                    && activation.activation().isClip() && !activation.activation().isNone() -> available(spec);
            default -> Optional.of("not implemented by this backend");
        };
    }

    private static Optional<String> overread(DataType type) {
        return type != DataType.F32 && !Onednn.get().hasAvx512()
                ? Optional.of("oneDNN's pooling of bytes reads beyond src on " + Onednn.get().isaName())
                : Optional.empty();
    }

    private static Optional<String> available(UnarySpec spec) {
        return PrimitiveDesc.refusal(arena -> of(spec).describe(arena));
    }

    /** Returns the operation of a spec that is not refused. */
    static UnaryOperation of(UnarySpec spec) {
        return switch (spec) {
            case Pool2dSpec pool -> new Pooling(pool);
            case GlobalAveragePoolSpec pool -> new GlobalAverage(pool);
            case ActivationSpec activation -> new Clip(activation);
            default -> throw new IllegalArgumentException("spec: refused before, got " + spec);
        };
    }

    /** Describes the operation on a typical shape. */
    PrimitiveDesc describe(Arena arena);

    /** Describes the operation on a shape. */
    PrimitiveDesc describe(Arena arena, long a, long b, long c, long d);

    /** Describes the input. */
    MemoryDesc src(Arena arena, long a, long b, long c, long d);

    /** Describes the output. */
    default MemoryDesc dst(Arena arena, long a, long b, long c, long d) {
        return src(arena, a, b, c, d);
    }

    /** Returns whether the tensors are images. */
    default boolean isOnImages() {
        return false;
    }

    /** Stores the result of an empty input, where the output is not empty. */
    default void fill(Tensor dst) {
        throw new IllegalArgumentException("dst: expected no element for an empty src, got " + dst);
    }

    /** Attributes that turn means of src into dst: (mean - zeroPoint) * multiplier + dst's zero point. */
    private static Attributes means(Arena arena, DataType type, float multiplier, int srcZeroPoint, int dstZeroPoint) {
        Attributes attributes = new Attributes(arena);
        return type == DataType.F32 ? attributes
                : attributes.linear(multiplier, dstZeroPoint - srcZeroPoint * multiplier);
    }

    private static void fill(Tensor dst, double value) {
        for (long i = 0; i < dst.shape().elements(); i++) {
            dst.set(i, value);
        }
    }

    /** Max and average pooling. */
    record Pooling(Pool2dSpec spec) implements UnaryOperation {
        private static final long TYPICAL_EXTENT = 56;
        private static final long TYPICAL_CHANNELS = 64;

        private static Optional<String> refusal(Pool2dSpec spec) {
            Window window = spec.window();
            boolean padded = spec.kind() == Pool2dSpec.Kind.AVERAGE_WITH_PADDING;
            if (padded && spec.ceilMode()) {
                return Optional.of("oneDNN counts what ceilMode adds as padding");
            }
            if (padded && !spec.srcParams().isSymmetric()) {
                return Optional.of("oneDNN pads with 0, not with the zero point");
            }
            if (window.dilationH() != 1 || window.dilationW() != 1 || window.padTop() >= window.kh()
                    || window.padBottom() >= window.kh() || window.padLeft() >= window.kw()
                    || window.padRight() >= window.kw()) {
                return Optional.of("oneDNN does not define windows that cover no pixel");
            }
            return Optional.empty();
        }

        @Override
        public boolean isOnImages() {
            return true;
        }

        @Override
        public PrimitiveDesc describe(Arena arena) {
            Window window = spec.window();
            return describe(arena, 1, Math.max(TYPICAL_EXTENT, window.kh()), Math.max(TYPICAL_EXTENT, window.kw()),
                    TYPICAL_CHANNELS);
        }

        @Override
        public PrimitiveDesc describe(Arena arena, long n, long h, long w, long c) {
            Window window = spec.window();
            // With ceilMode the last window may reach beyond the padding: oneDNN is told of as much as it needs.
            long bottom = (spec.outHeight(h) - 1) * window.strideH() + window.kh() - h - window.padTop();
            long right = (spec.outWidth(w) - 1) * window.strideW() + window.kw() - w - window.padLeft();
            Window fitting = window.padding(window.padTop(), window.padLeft(),
                    Math.max(window.padBottom(), Math.toIntExact(bottom)),
                    Math.max(window.padRight(), Math.toIntExact(right)));
            int algorithm = switch (spec.kind()) {
                case MAX -> Dnnl.dnnl_pooling_max();
                case AVERAGE -> Dnnl.dnnl_pooling_avg_exclude_padding();
                case AVERAGE_WITH_PADDING -> Dnnl.dnnl_pooling_avg_include_padding();
            };
            Attributes attributes = spec.kind() == Pool2dSpec.Kind.MAX ? new Attributes(arena)
                    : means(arena, spec.type(), spec.multiplier(), spec.srcParams().zeroPoint(),
                            spec.dstParams().zeroPoint());
            return PrimitiveDesc.pooling(arena, algorithm, src(arena, n, h, w, c), dst(arena, n, h, w, c), fitting,
                    attributes);
        }

        @Override
        public MemoryDesc src(Arena arena, long n, long h, long w, long c) {
            return MemoryDesc.nhwc(arena, spec.type(), n, c, h, w);
        }

        @Override
        public MemoryDesc dst(Arena arena, long n, long h, long w, long c) {
            return MemoryDesc.nhwc(arena, spec.type(), n, c, spec.outHeight(h), spec.outWidth(w));
        }

        @Override
        public void fill(Tensor dst) {
            boolean max = spec.kind() == Pool2dSpec.Kind.MAX;
            UnaryOperation.fill(dst, !max ? spec.dstParams().zeroPoint()
                    : spec.type() == DataType.F32 ? Double.NEGATIVE_INFINITY : spec.type().min());
        }
    }

    /** Average pooling with a window as large as the image. */
    record GlobalAverage(GlobalAveragePoolSpec spec) implements UnaryOperation {
        private static final long TYPICAL_EXTENT = 7;
        private static final long TYPICAL_CHANNELS = 512;

        @Override
        public boolean isOnImages() {
            return true;
        }

        @Override
        public PrimitiveDesc describe(Arena arena) {
            return describe(arena, 1, TYPICAL_EXTENT, TYPICAL_EXTENT, TYPICAL_CHANNELS);
        }

        @Override
        public PrimitiveDesc describe(Arena arena, long n, long h, long w, long c) {
            Attributes attributes = means(arena, spec.type(), spec.multiplier(), spec.srcParams().zeroPoint(),
                    spec.dstParams().zeroPoint());
            return PrimitiveDesc.pooling(arena, Dnnl.dnnl_pooling_avg_exclude_padding(), src(arena, n, h, w, c),
                    dst(arena, n, h, w, c), Window.of(Math.toIntExact(h), Math.toIntExact(w)), attributes);
        }

        @Override
        public MemoryDesc src(Arena arena, long n, long h, long w, long c) {
            return MemoryDesc.nhwc(arena, spec.type(), n, c, h, w);
        }

        @Override
        public MemoryDesc dst(Arena arena, long n, long h, long w, long c) {
            return MemoryDesc.nhwc(arena, spec.type(), n, c, 1, 1);
        }

        @Override
        public void fill(Tensor dst) {
            UnaryOperation.fill(dst, spec.dstParams().zeroPoint());
        }
    }

    /** An f32 activation. */
    record Clip(ActivationSpec spec) implements UnaryOperation {
        private static final long TYPICAL_COUNT = 1 << 16;

        @Override
        public PrimitiveDesc describe(Arena arena) {
            return describe(arena, 1, 1, 1, TYPICAL_COUNT);
        }

        @Override
        public PrimitiveDesc describe(Arena arena, long a, long b, long c, long count) {
            float lo = spec.activation().lo();
            float hi = spec.activation().hi();
            boolean relu = lo == 0 && hi == Float.POSITIVE_INFINITY;
            return PrimitiveDesc.eltwise(arena, relu ? Dnnl.dnnl_eltwise_relu() : Dnnl.dnnl_eltwise_clip(),
                    src(arena, a, b, c, count), relu ? 0 : lo, relu ? 0 : hi, new Attributes(arena));
        }

        @Override
        public MemoryDesc src(Arena arena, long a, long b, long c, long count) {
            return MemoryDesc.rowMajor(arena, spec.type(), count);
        }
    }
}
