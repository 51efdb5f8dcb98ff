package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.model.onnx.OnnxTypes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.SmallFloat;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Cast and CastLike. Reals become integers by truncation, saturated, but for packed ones, which keep the low bits as
 * ONNX's reference does; integers keep their low bits. How 8-bit floats round and saturate is up to the attributes.
 */
final class CastOp {
    private static final int CHUNK = 1024;

    private CastOp() {}

    static Computation prepare(OpContext context) {
        DataType from = context.type(0);
        DataType to = context.node().opType().equals("CastLike") ? context.type(1)
                : OnnxTypes.dataType(context.attributes().integer("to", 0), "node " + context.node().name());
        TensorType output = new TensorType(to, context.shape(0));
        if (from == to) {
            return Computation.view(output);
        }
        if (SmallFloat.covers(to) && !to.isPacked()) {
            boolean saturate = context.attributes().integer("saturate", 1) != 0;
            SmallFloat.Scale scale = scale(context);
            return Computation.elementwise(output, (in, out) -> {
                for (long i = 0; i < out[0].shape().elements(); i++) {
                    out[0].data().set(JAVA_BYTE, i, code((float) in[0].get(i), to, saturate, scale));
                }
            });
        }
        return Computation.elementwise(output, (in, out) -> cast(in[0], out[0]));
    }

    /** BitCast: the same bits as another type of the same size. */
    static Computation bits(OpContext context) {
        DataType to = OnnxTypes.dataType(context.attributes().integer("to", 0), "node " + context.node().name());
        context.require(to.bits() == context.type(0).bits() && SmallFloat.codeBits(to)
                == SmallFloat.codeBits(context.type(0)), "to", SmallFloat.codeBits(context.type(0)) + " bits", to);
        return Computation.of(new TensorType(to, context.shape(0)),
                (in, out) -> out[0].data().copyFrom(in[0].data()));
    }

    private static SmallFloat.Scale scale(OpContext context) {
        String mode = context.attributes().text("round_mode", "up");
        return switch (mode) {
            case "up" -> SmallFloat.Scale.UP;
            case "down" -> SmallFloat.Scale.DOWN;
            case "nearest" -> SmallFloat.Scale.NEAREST;
            default -> throw context.unsupported("round_mode " + mode);
        };
    }

    private static byte code(float value, DataType to, boolean saturate, SmallFloat.Scale scale) {
        return (byte) (to == DataType.F8E8M0 ? SmallFloat.fromFloat(value, saturate, scale)
                : SmallFloat.fromFloat(to, value, saturate));
    }

    private static void cast(Tensor in, Tensor out) {
        long count = out.shape().elements();
        DataType from = in.type();
        DataType to = out.type();
        if (from == DataType.F32 && to == DataType.S32) {
            truncate(in.data(), out.data(), count);
            return;
        }
        if (ElementRuns.serves(from) && ElementRuns.serves(to)) {
            runs(in, out, count);
            return;
        }
        for (long i = 0; i < count; i++) {
            if (to == DataType.BOOL) {
                out.setLong(i, (from.isFloating() ? in.get(i) != 0 : in.getLong(i) != 0) ? 1 : 0);
            } else if (to.isFloating()) {
                out.set(i, in.get(i));
            } else if (from.isFloating()) {
                out.setLong(i, toInteger(in.get(i), to));
            } else {
                out.setLong(i, in.getLong(i));
            }
        }
    }

    /** Java's own conversion saturates, and makes 0 of what is not a number. */
    private static void truncate(MemorySegment from, MemorySegment to, long count) {
        int size = (int) Math.min(CHUNK, count);
        float[] reals = new float[size];
        int[] integers = new int[size];
        for (long at = 0; at < count; at += CHUNK) {
            int length = (int) Math.min(CHUNK, count - at);
            MemorySegment.copy(from, JAVA_FLOAT, at * Float.BYTES, reals, 0, length);
            for (int i = 0; i < length; i++) {
                integers[i] = (int) reals[i];
            }
            MemorySegment.copy(integers, 0, to, JAVA_INT, at * Integer.BYTES, length);
        }
    }

    /** Casts a chunk after the other. */
    private static void runs(Tensor in, Tensor out, long count) {
        boolean whole = in.type() != DataType.F32;
        boolean real = out.type() == DataType.F32;
        double[] reals = new double[CHUNK];
        long[] integers = new long[CHUNK];
        for (long at = 0; at < count; at += CHUNK) {
            int length = (int) Math.min(CHUNK, count - at);
            boolean wide = in.type() == DataType.S64;
            if (whole && (wide || !real)) {
                ElementRuns.read(in, at, integers, length);
            } else {
                ElementRuns.read(in, at, reals, length);
            }
            if (real) {
                // Rounded once, which doubles would not allow.
                for (int i = 0; i < length && wide; i++) {
                    reals[i] = (float) integers[i];
                }
                ElementRuns.write(reals, length, out, at);
                continue;
            }
            if (out.type() == DataType.BOOL) {
                for (int i = 0; i < length; i++) {
                    integers[i] = (whole ? integers[i] != 0 : reals[i] != 0) ? 1 : 0;
                }
            } else if (!whole) {
                saturate(reals, integers, length, out.type());
            }
            ElementRuns.write(integers, length, out, at);
        }
    }

    private static void saturate(double[] reals, long[] integers, int count, DataType type) {
        double low = type == DataType.S64 ? Double.NEGATIVE_INFINITY : type.min();
        double high = type == DataType.S64 ? Double.POSITIVE_INFINITY : type.max();
        for (int i = 0; i < count; i++) {
            integers[i] = (long) Math.min(Math.max(reals[i], low), high);
        }
    }

    private static long toInteger(double value, DataType to) {
        if (to == DataType.U64 && value >= 0x1p63) {
            return value >= 0x1p64 ? -1L : (long) (value - 0x1p63) + Long.MIN_VALUE;
        }
        if (to == DataType.S64 || to.isPacked()) {
            return (long) value;
        }
        return Double.isNaN(value) ? 0 : (long) Math.clamp(value, to.min(), to.max());
    }
}
