package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** ArgMax, ArgMin, CumSum, TopK and LRN of f32 against the same numbers in f64, which go element by element. */
class FloatLinesTest {
    private static final Shape[] SHAPES = {Shape.of(3, 1, 5), Shape.of(2, 17), Shape.of(3, 2100), Shape.of(1030, 3),
        Shape.of(2, 40, 1031), Shape.of(2, 3, 4, 5), Shape.of(1), Shape.of(0, 3), Shape.of(3, 0, 2)};
    private static final double[] EDGES = {0, -0.0, 1, -1, Double.NaN, Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY,
        Float.MIN_VALUE, -Float.MIN_VALUE, Float.MAX_VALUE};

    private final Random random = new Random(17);

    /** Few different numbers, so that many are equal; rarely those that order by rules of their own. */
    private Tensor draw(Shape shape, boolean finite) {
        Tensor x = Tensor.allocate(Arena.ofAuto(), DataType.F32, shape);
        for (long i = 0; i < shape.elements(); i++) {
            int kind = random.nextInt(8);
            x.set(i, kind == 0 ? EDGES[random.nextInt(finite ? 4 : EDGES.length)] : kind < 5 ? random.nextInt(20) - 10
                    : (float) random.nextGaussian());
        }
        return x;
    }

    private static void check(String operator, Attributes attributes, int outputs, Tensor x, Tensor... rest) {
        Tensor wide = Tensor.allocate(Arena.ofAuto(), DataType.F64, x.shape());
        for (long i = 0; i < x.shape().elements(); i++) {
            wide.set(i, x.get(i));
        }
        Tensor[] actual = run(operator, attributes, outputs, x, rest);
        Tensor[] expected = run(operator, attributes, outputs, wide, rest);
        for (int k = 0; k < outputs; k++) {
            assertEquals(expected[k].shape(), actual[k].shape());
            for (long i = 0; i < actual[k].shape().elements(); i++) {
                boolean real = actual[k].type().isFloating();
                assertEquals(real ? (Object) (float) expected[k].get(i) : expected[k].getLong(i),
                        real ? (Object) (float) actual[k].get(i) : actual[k].getLong(i),
                        operator + attributes + x.shape() + " output " + k + " at " + i);
            }
        }
    }

    private static Tensor[] run(String operator, Attributes attributes, int outputs, Tensor x, Tensor... rest) {
        Tensor[] inputs = new Tensor[1 + rest.length];
        inputs[0] = x;
        System.arraycopy(rest, 0, inputs, 1, rest.length);
        Computation computation = PlainReference.computation(Node.of("node", operator, List.of(),
                List.of("y", "z").subList(0, outputs), attributes), inputs);
        Tensor[] results = new Tensor[outputs];
        for (int k = 0; k < outputs; k++) {
            TensorType type = computation.outputs().get(k);
            results[k] = Tensor.allocate(Arena.ofAuto(), type.type(), type.shape());
        }
        computation.body().run(inputs, results);
        return results;
    }

    private static Tensor longs(long value, Shape shape) {
        return Tensor.ofLongs(Arena.ofAuto(), shape, value);
    }

    @Test
    void extremes() {
        for (Shape shape : SHAPES) {
            for (int axis = 0; axis < shape.rank(); axis++) {
                for (int kind = 0; kind < 4 && shape.dim(axis) > 0; kind++) {
                    check(kind % 2 == 0 ? "ArgMax" : "ArgMin", Attributes.NONE.with("axis", axis)
                            .with("select_last_index", kind / 2), 1, draw(shape, kind == 0));
                }
            }
        }
    }

    @Test
    void sums() {
        for (Shape shape : SHAPES) {
            for (int axis = 0; axis < shape.rank(); axis++) {
                for (int kind = 0; kind < 4; kind++) {
                    check("CumSum", Attributes.NONE.with("exclusive", kind % 2).with("reverse", kind / 2), 1,
                            draw(shape, kind > 0), longs(axis, Shape.of()));
                }
            }
        }
    }

    @Test
    void firstOnes() {
        for (Shape shape : SHAPES) {
            for (int axis = 0; axis < shape.rank(); axis++) {
                for (long k : new long[] {0, 1, 2, 5, 20, shape.dim(axis) / 5, shape.dim(axis) / 2, shape.dim(axis)}) {
                    for (int largest = 0; largest < 2 && k <= shape.dim(axis); largest++) {
                        check("TopK", Attributes.NONE.with("axis", axis).with("largest", largest), 2,
                                draw(shape, largest == 0), longs(k, Shape.of(1)));
                    }
                }
            }
        }
    }

    @Test
    void firstOnesOfDifferentOnes() {
        for (Shape shape : new Shape[] {Shape.of(2, 2100), Shape.of(700, 2)}) {
            Tensor x = Tensor.allocate(Arena.ofAuto(), DataType.F32, shape);
            for (long i = 0; i < shape.elements(); i++) {
                x.set(i, (float) random.nextGaussian());
            }
            for (long k : new long[] {1, 2, 16, 17, 100}) {
                for (int kind = 0; kind < 4; kind++) {
                    check("TopK", Attributes.NONE.with("axis", kind / 2).with("largest", kind % 2), 2, x,
                            longs(Math.min(k, shape.dim(kind / 2)), Shape.of(1)));
                }
            }
        }
    }

    @Test
    void localResponses() {
        for (Shape shape : new Shape[] {Shape.of(2, 7, 3, 5), Shape.of(1, 3, 1100), Shape.of(2, 1),
            Shape.of(1, 4, 0)}) {
            for (int size = 1; size < 9; size += 3) {
                Attributes attributes = Attributes.NONE.with("size", size).with("alpha", 0.5f);
                check("LRN", attributes, 1, draw(shape, true));
                check("LRN", attributes.with("beta", 0.6f).with("bias", 2f), 1, draw(shape, true));
            }
        }
    }
}
