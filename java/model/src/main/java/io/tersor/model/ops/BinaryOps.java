package io.tersor.model.ops;

import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/** Elementwise functions of two or more inputs, with multidirectional broadcasting. */
final class BinaryOps {
    private BinaryOps() {}

    /** An integer function that knows the element type, for what depends on the sign. */
    @FunctionalInterface
    interface IntegerFunction {
        /** Returns f(a, b); the result is reduced to the type afterwards. */
        long apply(DataType type, long a, long b);
    }

    /** A comparison's outcome, from the operands' order. */
    @FunctionalInterface
    private interface Order {
        boolean holds(int order);
    }

    static void register(Map<String, Operator> table) {
        arithmetic(table, "Add", Double::sum, (_, a, b) -> a + b);
        arithmetic(table, "Sub", (a, b) -> a - b, (_, a, b) -> a - b);
        arithmetic(table, "Mul", (a, b) -> a * b, (_, a, b) -> a * b);
        arithmetic(table, "Div", (a, b) -> a / b, BinaryOps::divide);
        table.put("Pow", BinaryOps::pow);
        table.put("Mod", BinaryOps::mod);
        table.put("SwiGLU", BinaryOps::swiglu);
        table.put("PRelu", context -> binary(context, context.type(0), (x, slope) -> x < 0 ? slope * x : x,
                (type, x, slope) -> x < 0 && type != DataType.U64 ? slope * x : x));
        variadic(table, "Max", Math::max, (type, a, b) -> Elements.compare(type, a, b) > 0 ? a : b, false);
        variadic(table, "Min", Math::min, (type, a, b) -> Elements.compare(type, a, b) < 0 ? a : b, false);
        variadic(table, "Sum", Double::sum, (_, a, b) -> a + b, false);
        variadic(table, "Mean", Double::sum, (_, a, b) -> a + b, true);
        logical(table, "And", (a, b) -> a & b);
        logical(table, "Or", (a, b) -> a | b);
        logical(table, "Xor", (a, b) -> a ^ b);
        bitwise(table, "BitwiseAnd", (_, a, b) -> a & b);
        bitwise(table, "BitwiseOr", (_, a, b) -> a | b);
        bitwise(table, "BitwiseXor", (_, a, b) -> a ^ b);
        table.put("BitShift", BinaryOps::bitShift);
        comparison(table, "Equal", order -> order == 0);
        comparison(table, "Greater", order -> order == 1);
        comparison(table, "Less", order -> order == -1);
        comparison(table, "GreaterOrEqual", order -> order == 0 || order == 1);
        comparison(table, "LessOrEqual", order -> order == 0 || order == -1);
        table.put(Node.INTERNAL + ".Add", BinaryOps::clampedSum);
        table.put("Where", BinaryOps::where);
        table.put("Clip", BinaryOps::clip);
    }

    private static void arithmetic(Map<String, Operator> table, String name, DoubleBinaryOperator real,
            IntegerFunction integer) {
        table.put(name, context -> {
            sameTypes(context);
            return binary(context, context.type(0), real, integer);
        });
    }

    private static Computation clampedSum(OpContext context) {
        float lo = context.attributes().real("lo", Float.NEGATIVE_INFINITY);
        float hi = context.attributes().real("hi", Float.POSITIVE_INFINITY);
        return binary(context, DataType.F32, (a, b) -> Math.min(Math.max((float) a + (float) b, lo), hi),
                (_, a, b) -> a + b);
    }

    private static void sameTypes(OpContext context) {
        for (int i = 1; i < context.inputCount(); i++) {
            context.check(context.type(i) == context.type(0), i, "type " + context.type(0));
        }
    }

    private static long divide(DataType type, long a, long b) {
        if (b == 0) {
            // ONNX leaves it open; a defined value beats an exception in the middle of a run.
            return 0;
        }
        return type == DataType.U64 ? Long.divideUnsigned(a, b) : a / b;
    }

    /** Returns the computation of a function of inputs 0 and 1. */
    static Computation binary(OpContext context, DataType type, DoubleBinaryOperator real, IntegerFunction integer) {
        Shape shape = Shapes.broadcast(context, context.shape(0), context.shape(1));
        BroadcastLoop loop = new BroadcastLoop(shape, context.shape(0), context.shape(1));
        DataType operands = context.type(0);
        TensorType output = new TensorType(type, shape);
        if (operands == DataType.F32 && context.type(1) == DataType.F32) {
            return Computation.elementwise(output, FloatBinary.body(context.node().operator(), loop, real));
        }
        if (ElementRuns.servesInteger(operands) && operands == context.type(1) && ElementRuns.servesInteger(type)) {
            return Computation.elementwise(output, (in, out) -> loop.run((at, from, step, count) ->
                    runs(operands, integer, in, from, step, out[0], at, count)));
        }
        boolean floating = operands.isFloating() || context.type(1).isFloating();
        return Computation.elementwise(output, (in, out) -> loop.run((at, from, step, count) -> {
            for (long i = 0; i < count; i++) {
                long a = from[0] + i * step[0];
                long b = from[1] + i * step[1];
                if (floating) {
                    out[0].set(at + i, real.applyAsDouble(in[0].get(a), in[1].get(b)));
                } else {
                    out[0].setLong(at + i, integer.apply(operands, in[0].getLong(a), in[1].getLong(b)));
                }
            }
        }));
    }

    /** A chunk of integers after the other. */
    private static void runs(DataType type, IntegerFunction function, Tensor[] in, long[] from, long[] step, Tensor out,
            long at, long count) {
        int size = (int) Math.min(ElementRuns.CHUNK, count);
        long[] a = new long[size];
        long[] b = new long[size];
        for (long done = 0; done < count; done += size) {
            int length = (int) Math.min(size, count - done);
            load(in[0], from[0] + done * step[0], step[0], a, length);
            load(in[1], from[1] + done * step[1], step[1], b, length);
            for (int i = 0; i < length; i++) {
                a[i] = function.apply(type, a[i], b[i]);
            }
            ElementRuns.write(a, length, out, at + done);
        }
    }

    private static void load(Tensor from, long at, long step, long[] to, int count) {
        if (step == 1) {
            ElementRuns.read(from, at, to, count);
        } else {
            for (int i = 0; i < count; i++) {
                to[i] = from.getLong(at + i * step);
            }
        }
    }

    private static Computation pow(OpContext context) {
        DataType base = context.type(0);
        return binary(context, base, MapFunction::power, (_, a, b) -> {
            long result = 1;
            if (b < 0) {
                return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0;
            }
            for (long bit = b, square = a; bit > 0; bit >>= 1, square *= square) {
                result = (bit & 1) == 1 ? result * square : result;
            }
            return result;
        });
    }

    private static Computation mod(OpContext context) {
        sameTypes(context);
        long mode = context.attributes().integer("fmod", 0);
        context.require(mode == 0 || mode == 1, "fmod", "0 or 1", mode);
        boolean fmod = mode == 1;
        return binary(context, context.type(0), fmod ? (a, b) -> a % b : BinaryOps::floorMod,
                (type, a, b) -> b == 0 ? 0 : type == DataType.U64 ? Long.remainderUnsigned(a, b)
                        : fmod ? a % b : Math.floorMod(a, b));
    }

    /** Returns a - b floor(a / b), of b's sign; b where that alone is infinite and a has the other sign. */
    private static double floorMod(double a, double b) {
        double remainder = a % b;
        if (remainder == 0) {
            return Math.copySign(0, b);
        }
        return remainder < 0 != b < 0 ? remainder + b : remainder;
    }

    /** SwiGLU: a sigmoid(alpha a) b, without broadcasting. */
    private static Computation swiglu(OpContext context) {
        sameTypes(context);
        context.check(context.type(0).isFloating(), 0, "a floating type");
        context.check(context.shape(1).equals(context.shape(0)), 1, context.shape(0).toString());
        MapSpec gate = new MapSpec(MapFunction.SWISH, context.attributes().real("alpha", 1f), 0f);
        return binary(context, context.type(0), (a, b) -> gate.apply(a) * b, (_, _, _) -> 0);
    }

    private static void variadic(Map<String, Operator> table, String name, DoubleBinaryOperator real,
            IntegerFunction integer, boolean mean) {
        table.put(name, context -> {
            sameTypes(context);
            int inputs = context.inputCount();
            Shape shape = context.shape(0);
            for (int i = 1; i < inputs; i++) {
                shape = Shapes.broadcast(context, shape, context.shape(i));
            }
            Shape[] shapes = new Shape[inputs];
            for (int i = 0; i < inputs; i++) {
                shapes[i] = context.shape(i);
            }
            DataType type = context.type(0);
            BroadcastLoop loop = new BroadcastLoop(shape, shapes);
            return Computation.elementwise(new TensorType(type, shape), (in, out) ->
                    loop.run((at, from, step, count) -> {
                for (long i = 0; i < count; i++) {
                    if (type.isFloating()) {
                        double value = in[0].get(from[0] + i * step[0]);
                        for (int k = 1; k < inputs; k++) {
                            value = real.applyAsDouble(value, in[k].get(from[k] + i * step[k]));
                        }
                        out[0].set(at + i, mean ? value / inputs : value);
                    } else {
                        long value = in[0].getLong(from[0] + i * step[0]);
                        for (int k = 1; k < inputs; k++) {
                            value = integer.apply(type, value, in[k].getLong(from[k] + i * step[k]));
                        }
                        out[0].setLong(at + i, value);
                    }
                }
            }));
        });
    }

    private static void logical(Map<String, Operator> table, String name,
            java.util.function.LongBinaryOperator function) {
        table.put(name, context -> {
            context.check(context.type(0) == DataType.BOOL, 0, "bool");
            context.check(context.type(1) == DataType.BOOL, 1, "bool");
            return binary(context, DataType.BOOL, (_, _) -> 0, (_, a, b) -> function.applyAsLong(a, b));
        });
    }

    private static void bitwise(Map<String, Operator> table, String name, IntegerFunction function) {
        table.put(name, context -> {
            sameTypes(context);
            context.check(Elements.isInteger(context.type(0)), 0, "an integer type");
            return binary(context, context.type(0), (_, _) -> 0, function);
        });
    }

    private static Computation bitShift(OpContext context) {
        sameTypes(context);
        DataType type = context.type(0);
        boolean signed = type.min() < 0;
        context.check(Elements.isInteger(type) && (!signed || context.opset() >= 28), 0,
                context.opset() >= 28 ? "an integer type" : "an unsigned integer type");
        String direction = context.attributes().text("direction", "");
        context.require(direction.equals("LEFT") || direction.equals("RIGHT"), "direction", "LEFT or RIGHT", direction);
        boolean left = direction.equals("LEFT");
        // Beyond the width, and by negative amounts, only copies of the sign are left. Unsigned operands come zero
        // extended, so one shift serves both; only the largest u64 look negative.
        return binary(context, type, (_, _) -> 0, (_, a, b) -> b >= 0 && b < type.bits()
                ? left ? a << b : signed ? a >> b : a >>> b
                : !left && signed && a < 0 ? -1 : 0);
    }

    private static void comparison(Map<String, Operator> table, String name, Order order) {
        table.put(name, context -> {
            sameTypes(context);
            Shape shape = Shapes.broadcast(context, context.shape(0), context.shape(1));
            BroadcastLoop loop = new BroadcastLoop(shape, context.shape(0), context.shape(1));
            DataType type = context.type(0);
            TensorType output = new TensorType(DataType.BOOL, shape);
            if (ElementRuns.servesInteger(type)) {
                IntegerFunction function = (_, a, b) -> order.holds(Long.compare(a, b)) ? 1 : 0;
                return Computation.elementwise(output, (in, out) -> loop.run((at, from, step, count) ->
                        runs(type, function, in, from, step, out[0], at, count)));
            }
            return Computation.elementwise(output,
                    (in, out) -> loop.run((at, from, step, count) -> {
                        for (long i = 0; i < count; i++) {
                            int result = compare(type, in[0], from[0] + i * step[0], in[1], from[1] + i * step[1]);
                            out[0].setLong(at + i, order.holds(result) ? 1 : 0);
                        }
                    }));
        });
    }

    /** Returns -1, 0, 1, or 2 where one is NaN. */
    private static int compare(DataType type, Tensor a, long aIndex, Tensor b, long bIndex) {
        if (!type.isFloating()) {
            return Integer.signum(Elements.compare(type, a.getLong(aIndex), b.getLong(bIndex)));
        }
        double x = a.get(aIndex);
        double y = b.get(bIndex);
        return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
    }

    private static Computation where(OpContext context) {
        context.check(context.type(0) == DataType.BOOL, 0, "bool");
        context.check(context.type(2) == context.type(1), 2, "type " + context.type(1));
        Shape shape = Shapes.broadcast(context, Shapes.broadcast(context, context.shape(0), context.shape(1)),
                context.shape(2));
        BroadcastLoop loop = new BroadcastLoop(shape, context.shape(0), context.shape(1), context.shape(2));
        TensorType output = new TensorType(context.type(1), shape);
        if (!output.type().isPacked() && output.type().bits() >= 8) {
            int bytes = output.type().bits() / 8;
            return Computation.elementwise(output, (in, out) -> loop.run((at, from, step, count) ->
                    Selection.run(bytes, in, from, step, out[0].data(), at, count)));
        }
        boolean floating = output.type().isFloating();
        return Computation.elementwise(output, (in, out) -> loop.run((at, from, step, count) -> {
            for (long i = 0; i < count; i++) {
                int chosen = in[0].getLong(from[0] + i * step[0]) != 0 ? 1 : 2;
                long index = from[chosen] + i * step[chosen];
                if (floating) {
                    out[0].set(at + i, in[chosen].get(index));
                } else {
                    out[0].setLong(at + i, in[chosen].getLong(index));
                }
            }
        }));
    }

    /** Clip: the bounds are attributes before opset 11, scalar inputs since; where they cross the upper one wins. */
    private static Computation clip(OpContext context) {
        TensorType type = context.input(0);
        for (int i = 1; i <= 2; i++) {
            if (context.has(i)) {
                context.check(context.shape(i).elements() == 1 && context.type(i) == type.type(), i,
                        "one " + type.type());
            }
        }
        float low = context.attributes().real("min", Float.NEGATIVE_INFINITY);
        float high = context.attributes().real("max", Float.POSITIVE_INFINITY);
        boolean[] has = {context.has(1), context.has(2)};
        return Computation.elementwise(type, (in, out) -> {
            if (type.type().isFloating()) {
                double lo = has[0] ? in[1].get(0) : low;
                double hi = has[1] ? in[2].get(0) : high;
                UnaryOps.reals(in[0], out[0], x -> {
                    double bounded = x < lo ? lo : x;
                    return bounded > hi ? hi : bounded;
                });
                return;
            }
            for (long i = 0; i < type.shape().elements(); i++) {
                long x = in[0].getLong(i);
                x = has[0] && Elements.compare(type.type(), x, in[1].getLong(0)) < 0 ? in[1].getLong(0) : x;
                x = has[1] && Elements.compare(type.type(), x, in[2].getLong(0)) > 0 ? in[2].getLong(0) : x;
                out[0].setLong(i, x);
            }
        });
    }
}
