package io.tersor.model.ops;

import io.tersor.OperandException;
import io.tersor.model.onnx.OnnxTypes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.SmallFloat;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Operators that draw random numbers. With a seed, a node gives the same values in every run and on every machine, and
 * two nodes of the same seed draw the same numbers; without one, every run has new ones. ONNX leaves the generator
 * open, so others' values for a seed are different ones of the same distribution.
 */
final class RandomOps {
    private RandomOps() {}

    /** Gives an element's value. */
    @FunctionalInterface
    private interface Draw {
        double value(RandomNumbers numbers, long index);
    }

    static void register(Map<String, Operator> table) {
        table.put("RandomUniform", context -> draw(context, shape(context), DataType.F32, uniform(context)));
        table.put("RandomUniformLike", context -> draw(context, context.shape(0), context.type(0), uniform(context)));
        table.put("RandomNormal", context -> draw(context, shape(context), DataType.F32, normal(context)));
        table.put("RandomNormalLike", context -> draw(context, context.shape(0), context.type(0), normal(context)));
        table.put("Bernoulli", RandomOps::bernoulli);
        table.put("Multinomial", RandomOps::multinomial);
    }

    private static Computation computation(OpContext context, List<TensorType> outputs, Computation.Body body) {
        return new Computation(outputs, context.attributes().has("seed") ? Computation.Kind.GENERAL
                : Computation.Kind.RANDOM, body);
    }

    /** Returns what gives each run its numbers. Dropout's seed is an integer. */
    private static Supplier<RandomNumbers> source(OpContext context) {
        if (!context.attributes().has("seed")) {
            return RandomNumbers::fresh;
        }
        RandomNumbers numbers = RandomNumbers.of(context.node().is("Dropout") ? context.attributes().integer("seed", 0)
                : Float.floatToIntBits(context.attributes().real("seed", 0f)));
        return () -> numbers;
    }

    private static Shape shape(OpContext context) {
        long[] dims = context.attributes().integers("shape");
        context.require(context.attributes().has("shape") && Arrays.stream(dims).allMatch(dim -> dim >= 0), "shape",
                "extents", Arrays.toString(dims));
        return Shape.of(dims);
    }

    private static DataType named(OpContext context, DataType otherwise) {
        long named = context.attributes().integer("dtype", 0);
        return named == 0 ? otherwise : OnnxTypes.dataType(named, "node " + context.node().name());
    }

    private static float finite(OpContext context, String attribute, float otherwise) {
        float value = context.attributes().real(attribute, otherwise);
        context.require(Float.isFinite(value), attribute, "a finite number", value);
        return value;
    }

    private static Draw uniform(OpContext context) {
        double low = finite(context, "low", 0f);
        double high = finite(context, "high", 1f);
        return (numbers, i) -> low + numbers.uniform(i) * (high - low);
    }

    private static Draw normal(OpContext context) {
        double mean = finite(context, "mean", 0f);
        double scale = finite(context, "scale", 1f);
        return (numbers, i) -> mean + scale * numbers.normal(i);
    }

    private static Computation draw(OpContext context, Shape shape, DataType otherwise, Draw draw) {
        DataType type = named(context, otherwise);
        context.require(type.isFloating() && !SmallFloat.covers(type), "dtype", "a floating type of at least 16 bits",
                type);
        Supplier<RandomNumbers> source = source(context);
        return computation(context, List.of(new TensorType(type, shape)), (_, out) -> {
            RandomNumbers numbers = source.get();
            for (long i = 0; i < shape.elements(); i++) {
                out[0].set(i, draw.value(numbers, i));
            }
        });
    }

    /** Bernoulli: one where the number from 0 to 1 is below the input's element. */
    private static Computation bernoulli(OpContext context) {
        context.check(context.type(0).isFloating(), 0, "a floating type");
        DataType type = named(context, context.type(0));
        context.require(!type.isPacked() && !SmallFloat.covers(type), "dtype", "a type of whole bytes", type);
        Shape shape = context.shape(0);
        Supplier<RandomNumbers> source = source(context);
        return computation(context, List.of(new TensorType(type, shape)), (in, out) -> {
            RandomNumbers numbers = source.get();
            for (long i = 0; i < shape.elements(); i++) {
                put(out[0], i, numbers.uniform(i) < in[0].get(i) ? 1 : 0);
            }
        });
    }

    private static void put(Tensor tensor, long index, int value) {
        if (tensor.type().isFloating()) {
            tensor.set(index, value);
        } else {
            tensor.setLong(index, value);
        }
    }

    /** Multinomial: classes by the exponentials of the inputs' rows, which need not add up to one. */
    private static Computation multinomial(OpContext context) {
        Shape shape = context.shape(0);
        context.check(shape.rank() == 2 && shape.dim(1) > 0 && context.type(0).isFloating(), 0,
                "real [batch, at least one class]");
        DataType type = named(context, DataType.S32);
        context.require(type == DataType.S32 || type == DataType.S64, "dtype", "s32 or s64", type);
        long samples = context.attributes().integer("sample_size", 1);
        context.require(samples > 0, "sample_size", "at least 1", samples);
        int classes = Math.toIntExact(shape.dim(1));
        String operand = context.operand(0);
        Supplier<RandomNumbers> source = source(context);
        return computation(context, List.of(new TensorType(type, Shape.of(shape.dim(0), samples))), (in, out) -> {
            RandomNumbers numbers = source.get();
            double[] upTo = new double[classes];
            for (long row = 0; row < shape.dim(0); row++) {
                int last = accumulate(in[0], row * classes, upTo, operand);
                for (long i = row * samples; i < (row + 1) * samples; i++) {
                    out[0].setLong(i, pick(upTo, last, numbers.uniform(i) * upTo[classes - 1]));
                }
            }
        });
    }

    /**
     * Returns the first class up to which the sum is above a value.
     *
     * @param last what is returned where there is none, which only rounding can bring about
     */
    static int pick(double[] upTo, int last, double value) {
        int found = Arrays.binarySearch(upTo, value);
        int at = found < 0 ? -1 - found : found;
        // Classes of probability zero have the sum of the one before.
        while (at < last && upTo[at] <= value) {
            at++;
        }
        return Math.min(at, last);
    }

    /** Sets the sums of the exponentials up to each class, and returns the last class whose exponential is not zero. */
    private static int accumulate(Tensor logits, long start, double[] upTo, String operand) {
        double max = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < upTo.length; c++) {
            max = Math.max(max, logits.get(start + c));
        }
        if (!Double.isFinite(max)) {
            throw new OperandException(operand, "rows with a finite largest element", max);
        }
        double sum = 0;
        int last = 0;
        for (int c = 0; c < upTo.length; c++) {
            double weight = StrictMath.exp(logits.get(start + c) - max);
            sum += weight;
            upTo[c] = sum;
            last = weight > 0 ? c : last;
        }
        return last;
    }

    /** Dropout in training: each element is dropped with the given probability, the others make up for it. */
    static Computation dropout(OpContext context, double ratio) {
        context.require(ratio >= 0 && ratio < 1, "ratio", "from 0 to less than 1", ratio);
        TensorType input = context.input(0);
        context.check(input.type().isFloating() && !SmallFloat.covers(input.type()), 0,
                "a floating type of at least 16 bits");
        Supplier<RandomNumbers> source = source(context);
        List<TensorType> outputs = List.of(input, new TensorType(DataType.BOOL, input.shape()));
        return computation(context, outputs.subList(0, Math.clamp(context.node().outputs().size(), 1, 2)),
                (in, out) -> {
            RandomNumbers numbers = source.get();
            for (long i = 0; i < input.shape().elements(); i++) {
                boolean kept = numbers.uniform(i) >= ratio;
                if (Elements.given(out, 0)) {
                    out[0].set(i, kept ? in[0].get(i) / (1 - ratio) : 0);
                }
                if (Elements.given(out, 1)) {
                    out[1].setLong(i, kept ? 1 : 0);
                }
            }
        });
    }
}
