package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.ErrorFunction;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;

/** Elementwise functions of one input; ONNX's formulas, computed in binary64 and rounded to the element type. */
final class UnaryOps {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double LN_2 = Math.log(2);
    /** What 1 more or less makes no difference to when it is squared. */
    private static final double LARGE = 0x1p28;

    private UnaryOps() {}

    static void register(Map<String, Operator> table) {
        real(table, "Asinh", UnaryOps::asinh);
        real(table, "Acosh", UnaryOps::acosh);
        real(table, "Atanh", UnaryOps::atanh);
        real(table, "HardSwish", x -> x * Math.clamp(x / 6 + 0.5, 0, 1));
        realWith(table, "Gelu", c -> c.attributes().text("approximate", "none").equals("tanh") ? UnaryOps::geluTanh
                : x -> 0.5 * x * (1 + ErrorFunction.erf(x * SQRT_HALF)));
        for (String name : MapNodes.NAMES) {
            realWith(table, name, context -> MapNodes.of(context.node()).orElseThrow()::apply);
        }
        table.put("Shrink", UnaryOps::shrink);
        // Of these there are versions for integers too.
        any(table, "Erf", ErrorFunction::erf, x -> (long) (float) ErrorFunction.erf(x));
        any(table, "Abs", Math::abs, Math::abs, x -> x);
        any(table, "Neg", x -> -x, x -> -x);
        any(table, "Sign", x -> x > 0 ? 1 : x < 0 ? -1 : x, Long::signum, x -> x == 0 ? 0 : 1);
        // NaN stays NaN, as in ONNX.
        any(table, "Relu", x -> x < 0 ? 0 : x, x -> Math.max(x, 0));
        table.put("Not", context -> Computation.elementwise(context.input(0), (in, out) ->
                integers(in[0], out[0], x -> 1 - x)));
        table.put("BitwiseNot", context -> Computation.elementwise(context.input(0), (in, out) ->
                integers(in[0], out[0], x -> ~x)));
        table.put("IsNaN", context -> test(context, Double::isNaN));
        table.put("IsInf", UnaryOps::isInf);
    }

    private static Computation shrink(OpContext context) {
        double bias = context.attributes().real("bias", 0f);
        double lambda = context.attributes().real("lambd", 0.5f);
        DoubleUnaryOperator function = x -> x < -lambda ? x + bias : x > lambda ? x - bias : 0;
        return Computation.elementwise(context.input(0), (in, out) -> reals(in[0], out[0], function));
    }

    /** log(x + sqrt(x^2 + 1)), of odd symmetry, so that nothing cancels out. */
    private static double asinh(double x) {
        double a = Math.abs(x);
        double y = a > LARGE ? Math.log(a) + LN_2 : Math.log1p(a + a * a / (1 + Math.sqrt(a * a + 1)));
        return Math.copySign(y, x);
    }

    /** log(x + sqrt(x^2 - 1)), NaN below 1. */
    private static double acosh(double x) {
        double above = x < 1 ? Double.NaN : x - 1;
        return x > LARGE ? Math.log(x) + LN_2 : Math.log1p(above + Math.sqrt(above * (above + 2)));
    }

    /** log((1 + x) / (1 - x)) / 2. */
    private static double atanh(double x) {
        double a = Math.abs(x);
        return Math.copySign(0.5 * Math.log1p(2 * a / (1 - a)), x);
    }

    private static double geluTanh(double x) {
        return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    private static void real(Map<String, Operator> table, String name, DoubleUnaryOperator function) {
        realWith(table, name, _ -> function);
    }

    private static void realWith(Map<String, Operator> table, String name,
            Function<OpContext, DoubleUnaryOperator> function) {
        table.put(name, context -> {
            context.check(context.type(0).isFloating(), 0, "a floating type");
            DoubleUnaryOperator operator = function.apply(context);
            return Computation.elementwise(context.input(0), (in, out) -> reals(in[0], out[0], operator));
        });
    }

    private static void any(Map<String, Operator> table, String name, DoubleUnaryOperator real,
            LongUnaryOperator integer) {
        any(table, name, real, integer, integer);
    }

    /** @param wide for integers of 64 bits without a sign */
    private static void any(Map<String, Operator> table, String name, DoubleUnaryOperator real,
            LongUnaryOperator integer, LongUnaryOperator wide) {
        table.put(name, context -> {
            LongUnaryOperator function = context.type(0) == DataType.U64 ? wide : integer;
            return Computation.elementwise(context.input(0), context.type(0).isFloating()
                    ? (in, out) -> reals(in[0], out[0], real) : (in, out) -> integers(in[0], out[0], function));
        });
    }

    static void reals(Tensor in, Tensor out, DoubleUnaryOperator function) {
        long count = out.shape().elements();
        if (in.type() == DataType.F32) {
            MemorySegment from = in.data();
            MemorySegment to = out.data();
            for (long i = 0; i < count; i++) {
                to.setAtIndex(JAVA_FLOAT, i, (float) function.applyAsDouble(from.getAtIndex(JAVA_FLOAT, i)));
            }
            return;
        }
        for (long i = 0; i < count; i++) {
            out.set(i, function.applyAsDouble(in.get(i)));
        }
    }

    private static void integers(Tensor in, Tensor out, LongUnaryOperator function) {
        long count = out.shape().elements();
        if (ElementRuns.servesInteger(in.type()) && in.type() == out.type()) {
            long[] values = new long[(int) Math.min(ElementRuns.CHUNK, count)];
            for (long at = 0; at < count; at += values.length) {
                int length = (int) Math.min(values.length, count - at);
                ElementRuns.read(in, at, values, length);
                for (int i = 0; i < length; i++) {
                    values[i] = function.applyAsLong(values[i]);
                }
                ElementRuns.write(values, length, out, at);
            }
            return;
        }
        for (long i = 0; i < count; i++) {
            out.setLong(i, function.applyAsLong(in.getLong(i)));
        }
    }

    private static Computation test(OpContext context, java.util.function.DoublePredicate predicate) {
        return Computation.elementwise(new TensorType(DataType.BOOL, context.shape(0)), (in, out) -> {
            for (long i = 0; i < out[0].shape().elements(); i++) {
                out[0].setLong(i, predicate.test(in[0].get(i)) ? 1 : 0);
            }
        });
    }

    private static Computation isInf(OpContext context) {
        boolean positive = context.attributes().integer("detect_positive", 1) != 0;
        boolean negative = context.attributes().integer("detect_negative", 1) != 0;
        return test(context, x -> positive && x == Double.POSITIVE_INFINITY
                || negative && x == Double.NEGATIVE_INFINITY);
    }
}
