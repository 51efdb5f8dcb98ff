package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.model.Node;
import io.tersor.model.onnx.OnnxTypes;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.Bfloat16;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.SmallFloat;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Conversion between real and quantized tensors: per tensor, along an axis, and in blocks. */
final class QuantOps {
    private QuantOps() {}

    static void register(Map<String, Operator> table) {
        table.put("QuantizeLinear", QuantOps::quantize);
        table.put("DequantizeLinear", QuantOps::dequantize);
        table.put("DynamicQuantizeLinear", QuantOps::dynamic);
        table.put(Node.INTERNAL + ".Requantize", context -> kernelOnly(context, 4));
        table.put(Node.INTERNAL + ".QClip", context -> kernelOnly(context, 4));
        table.put(Node.INTERNAL + ".QAdd", QuantOps::add);
        table.put(Node.INTERNAL + ".QMul", context -> Computation.kernelOnly(new TensorType(context.type(7),
                Shapes.broadcast(context, context.shape(0), context.shape(3)))));
        table.put(Node.INTERNAL + ".Lookup", context -> kernelOnly(context, 1));
    }

    /** The shape of the first input, and the type of another. */
    private static Computation kernelOnly(OpContext context, int like) {
        return Computation.kernelOnly(new TensorType(context.type(like), context.shape(0)));
    }

    /** The sum of differently quantized values, with AddSpec's arithmetic, for shapes that have to be broadcast. */
    private static Computation add(OpContext context) {
        Shape shape = Shapes.broadcast(context, context.shape(0), context.shape(3));
        BroadcastLoop loop = new BroadcastLoop(shape, context.shape(0), context.shape(3));
        DataType type = context.type(7);
        float lo = context.attributes().real("lo", Float.NEGATIVE_INFINITY);
        float hi = context.attributes().real("hi", Float.POSITIVE_INFINITY);
        return Computation.of(new TensorType(type, shape), (in, out) -> {
            double dstScale = in[6].get(0);
            float ma = (float) (in[1].get(0) / dstScale);
            float mb = (float) (in[4].get(0) / dstScale);
            float low = (float) (lo / dstScale);
            float high = (float) (hi / dstScale);
            long za = in[2].getLong(0);
            long zb = in[5].getLong(0);
            int zeroPoint = (int) in[7].getLong(0);
            loop.run((at, from, step, count) -> {
                for (long i = 0; i < count; i++) {
                    float r = (float) (in[0].getLong(from[0] + i * step[0]) - za) * ma
                            + (float) (in[3].getLong(from[1] + i * step[1]) - zb) * mb;
                    r = r > low ? r : low;
                    r = r < high ? r : high;
                    out[0].setLong(at + i, saturate(r, zeroPoint, type));
                }
            });
        });
    }

    /** Returns saturate(rint(scaled) + zeroPoint). */
    static long saturate(float scaled, int zeroPoint, DataType type) {
        return Quantizer.saturate(scaled, zeroPoint, type, Rounding.HALF_EVEN);
    }

    /** Finds the scale of an element: strides over the axes before, at and behind the quantized one. */
    private record Granularity(long outer, long extent, long inner, long block, long scales) {
        long index(long element) {
            if (scales == 1) {
                return 0;
            }
            long axis = element / inner % extent;
            if (block == 0) {
                return axis;
            }
            long blocks = Math.ceilDiv(extent, block);
            return (element / inner / extent * blocks + axis / block) * inner + element % inner;
        }

        /** Returns how many elements from one on have its scale; at least 1. */
        long run(long element, long elements) {
            if (scales == 1) {
                return elements - element;
            }
            return block == 0 ? inner - element % inner
                    : inner == 1 ? Math.min(block - element % extent % block, extent - element % extent) : 1;
        }

        /** Returns whether all runs are long, and of whole bytes. */
        boolean isLong(DataType type) {
            int perByte = Math.max(1, 8 / type.bits());
            return scales == 1 || (block == 0 ? inner >= QuantRuns.LEAST && inner % perByte == 0
                    : inner == 1 && block >= QuantRuns.LEAST && block % perByte == 0 && extent % perByte == 0);
        }
    }

    private static Granularity granularity(OpContext context) {
        Shape src = context.shape(0);
        Shape scale = context.shape(1);
        context.check(!context.has(2) || context.shape(2).elements() == scale.elements(), 2,
                "as many as the scales " + scale);
        if (scale.elements() == 1 && scale.rank() <= 1) {
            return new Granularity(1, 1, 1, 0, 1);
        }
        int axis = context.axis(context.attributes().integer("axis", 1), src.rank());
        long block = context.attributes().integer("block_size", 0);
        long inner = Shapes.product(src, axis + 1, src.rank());
        long outer = Shapes.product(src, 0, axis);
        if (scale.rank() == src.rank() && (block > 0 || src.rank() > 1)) {
            long blocks = scale.dim(axis);
            context.check(blocks > 0 && scale.with(axis, src.dim(axis)).equals(src), 1, "scales in blocks of " + src);
            block = block > 0 ? block : Math.ceilDiv(src.dim(axis), blocks);
            context.require(Math.ceilDiv(src.dim(axis), block) == blocks, "block_size", "one that makes " + blocks
                    + " blocks of " + src.dim(axis), block);
        } else {
            context.check(scale.rank() == 1 && scale.dim(0) == src.dim(axis), 1, "one scale, or " + src.dim(axis));
            block = 0;
        }
        return new Granularity(outer, src.dim(axis), inner, block, scale.elements());
    }

    private static Computation quantize(OpContext context) {
        Granularity granularity = granularity(context);
        long named = context.attributes().integer("output_dtype", 0);
        DataType type = context.has(2) ? context.type(2)
                : named != 0 ? OnnxTypes.dataType(named, "node " + context.node().name()) : DataType.U8;
        boolean small = SmallFloat.covers(type) && type != DataType.F8E8M0;
        context.require(small || type.isQuantized() || type == DataType.S16 || type == DataType.U16, "zero point",
                "an integer of at most 16 bits or a float of at most 8", type);
        if (context.has(2)) {
            context.check(context.shape(2).elements() == context.shape(1).elements(), 2, "one for each scale");
        }
        boolean shifted = context.has(2);
        boolean integer = context.type(0) == DataType.S32;
        boolean saturate = context.attributes().integer("saturate", 1) != 0;
        DataType precision = precision(context);
        Shape shape = context.shape(0);
        if (QuantRuns.writes(type) && context.type(0) == DataType.F32 && context.type(1) == DataType.F32
                && precision == DataType.F32 && granularity.isLong(type)) {
            return Computation.of(new TensorType(type, shape), (in, out) -> {
                QuantRuns runs = new QuantRuns();
                forRuns(granularity, shape.elements(), (at, count, index) -> runs.quantize(in[0], at, count,
                        shifted ? (int) in[2].getLong(index) : 0, (float) in[1].get(index), out[0]));
            });
        }
        return Computation.of(new TensorType(type, shape), (in, out) -> {
            for (long i = 0; i < shape.elements(); i++) {
                long index = granularity.index(i);
                float scale = (float) in[1].get(index);
                float scaled = round((integer ? (float) in[0].getLong(i) : (float) in[0].get(i)) / scale, precision);
                if (small) {
                    float value = shifted ? scaled + (float) in[2].get(index) : scaled;
                    store(out[0], i, value, saturate);
                } else {
                    out[0].setLong(i, saturate(scaled, shifted ? (int) in[2].getLong(index) : 0, type));
                }
            }
        });
    }

    /** Does something for elements that have one scale. */
    @FunctionalInterface
    private interface Run {
        void run(long at, long count, long scale);
    }

    private static void forRuns(Granularity granularity, long elements, Run run) {
        for (long at = 0, count; at < elements; at += count) {
            count = granularity.run(at, elements);
            run.run(at, count, granularity.index(at));
        }
    }

    /** Returns the type that quotients are rounded to: that of the scales unless the node names another. */
    private static DataType precision(OpContext context) {
        long named = context.attributes().integer("precision", 0);
        return named == 0 ? context.type(1) : OnnxTypes.dataType(named, "node " + context.node().name());
    }

    private static float round(float value, DataType type) {
        return switch (type) {
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> Bfloat16.toFloat(Bfloat16.fromFloat(value));
            default -> value;
        };
    }

    private static void store(Tensor out, long index, float value, boolean saturate) {
        if (saturate || out.type().isPacked()) {
            out.set(index, value);
        } else {
            out.data().set(JAVA_BYTE, index, (byte) SmallFloat.fromFloat(out.type(), value, false));
        }
    }

    private static Computation dequantize(OpContext context) {
        Granularity granularity = granularity(context);
        boolean shifted = context.has(2);
        long named = context.attributes().integer("output_dtype", 0);
        DataType type = named != 0 ? OnnxTypes.dataType(named, "node " + context.node().name()) : context.type(1);
        context.require(type.isFloating(), "output type", "a floating type", type);
        boolean floating = context.type(0).isFloating();
        if (shifted) {
            context.check(context.shape(2).elements() == context.shape(1).elements(), 2, "one for each scale");
        }
        Shape shape = context.shape(0);
        if (QuantRuns.reads(context.type(0)) && type == DataType.F32 && context.type(1) == DataType.F32
                && granularity.isLong(context.type(0))) {
            return Computation.of(new TensorType(type, shape), (in, out) -> {
                QuantRuns runs = new QuantRuns();
                forRuns(granularity, shape.elements(), (at, count, index) -> runs.dequantize(in[0], at, count,
                        shifted ? (int) in[2].getLong(index) : 0, (float) in[1].get(index), out[0]));
            });
        }
        return Computation.of(new TensorType(type, shape), (in, out) -> {
            for (long i = 0; i < shape.elements(); i++) {
                long index = granularity.index(i);
                float difference = floating ? (float) (in[0].get(i) - (shifted ? in[2].get(index) : 0))
                        : (float) ((int) in[0].getLong(i) - (shifted ? (int) in[2].getLong(index) : 0));
                out[0].set(i, difference * (float) in[1].get(index));
            }
        });
    }

    /** DynamicQuantizeLinear: u8 over the input's own range, widened to hold zero. */
    private static Computation dynamic(OpContext context) {
        Shape shape = context.shape(0);
        List<TensorType> outputs = List.of(new TensorType(DataType.U8, shape), new TensorType(DataType.F32, Shape.of()),
                new TensorType(DataType.U8, Shape.of()));
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> {
            float min = 0;
            float max = 0;
            for (long i = 0; i < shape.elements(); i++) {
                min = Math.min(min, (float) in[0].get(i));
                max = Math.max(max, (float) in[0].get(i));
            }
            DynamicRange range = DynamicRange.of(min, max);
            store(out, 1, range.scale());
            store(out, 2, range.zeroPoint());
            for (long i = 0; i < shape.elements(); i++) {
                out[0].setLong(i, range.level((float) in[0].get(i)));
            }
        });
    }

    private static void store(Tensor[] out, int index, double value) {
        if (Elements.given(out, index)) {
            out[index].set(0, value);
        }
    }
}
