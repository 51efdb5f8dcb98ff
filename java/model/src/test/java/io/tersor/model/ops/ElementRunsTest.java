package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.function.LongBinaryOperator;
import org.junit.jupiter.api.Test;

/** Runs of elements are read and written as single ones are, and so are operators in runs. */
class ElementRunsTest {
    private static final DataType[] INTEGERS = {DataType.S32, DataType.S64, DataType.U8, DataType.S8, DataType.BOOL};
    private static final int[] COUNTS = {0, 1, 1023, 1024, 1025, 3000};

    private static Tensor random(DataType type, long... dims) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, Shape.of(dims));
        byte[] bytes = new byte[(int) tensor.data().byteSize()];
        new Random(bytes.length).nextBytes(bytes);
        tensor.data().copyFrom(MemorySegment.ofArray(bytes));
        return tensor;
    }

    @Test
    void runsAreSingleElements() {
        for (int count : COUNTS) {
            for (DataType type : INTEGERS) {
                Tensor from = random(type, count + 2);
                long[] longs = new long[count];
                double[] reals = new double[count];
                ElementRuns.read(from, 2, longs, count);
                ElementRuns.read(from, 2, reals, count);
                Tensor to = Tensor.allocate(Arena.ofAuto(), type, Shape.of(count + 1));
                Tensor expected = Tensor.allocate(Arena.ofAuto(), type, Shape.of(count + 1));
                for (int i = 0; i < count; i++) {
                    assertEquals(from.getLong(i + 2), longs[i], type + " " + i);
                    assertEquals((double) from.getLong(i + 2), reals[i], type + " " + i);
                    longs[i] = longs[i] * 0x1_0001 + 255;
                    expected.setLong(i + 1, longs[i]);
                }
                ElementRuns.write(longs, count, to, 1);
                assertEquals(-1, expected.data().mismatch(to.data()), type + " " + count);
            }
            Tensor floats = random(DataType.F32, count + 2);
            double[] reals = new double[count];
            ElementRuns.read(floats, 2, reals, count);
            Tensor copy = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(count + 1));
            ElementRuns.write(reals, count, copy, 1);
            for (int i = 0; i < count; i++) {
                assertEquals((float) floats.get(i + 2), (float) reals[i]);
                assertEquals((float) floats.get(i + 2), (float) copy.get(i + 1));
            }
        }
    }

    private static void check(String operator, DataType type, LongBinaryOperator function, Tensor a, Tensor b) {
        Computation computation = PlainReference.computation(
                Node.of("node", operator, List.of(), List.of("y"), Attributes.NONE), a, b);
        TensorType output = computation.outputs().getFirst();
        Tensor y = Tensor.allocate(Arena.ofAuto(), output.type(), output.shape());
        Tensor expected = Tensor.allocate(Arena.ofAuto(), output.type(), output.shape());
        computation.body().run(new Tensor[] {a, b}, new Tensor[] {y});
        long columns = output.shape().dim(1);
        for (long i = 0; i < y.shape().elements(); i++) {
            expected.setLong(i, function.applyAsLong(a.getLong(i),
                    b.getLong(b.shape().dim(1) == 1 ? i / columns : i % columns)));
        }
        assertEquals(-1, expected.data().mismatch(y.data()), operator + " " + type);
    }

    @Test
    void operationsBroadcast() {
        for (DataType type : INTEGERS) {
            for (Tensor b : List.of(random(type, 3, 1), random(type, 1, 1500))) {
                Tensor a = random(type, 3, 1500);
                if (type == DataType.BOOL) {
                    check("Or", type, (x, y) -> x | y, a, b);
                } else {
                    check("Add", type, Long::sum, a, b);
                    check("Mul", type, (x, y) -> x * y, a, b);
                    check("Less", type, (x, y) -> x < y ? 1 : 0, a, b);
                    check("GreaterOrEqual", type, (x, y) -> x >= y ? 1 : 0, a, b);
                }
                check("Equal", type, (x, y) -> x == y ? 1 : 0, a, b);
            }
        }
    }

    @Test
    void floatsAreTruncated() {
        Tensor x = random(DataType.F32, 5000);
        x.set(0, Double.NaN);
        x.set(1, 3e9);
        x.set(2, -2.9);
        Computation cast = PlainReference.computation(Node.of("node", "Cast", List.of(), List.of("y"),
                Attributes.NONE.with("to", 6)), x);
        Tensor y = Tensor.allocate(Arena.ofAuto(), DataType.S32, x.shape());
        cast.body().run(new Tensor[] {x}, new Tensor[] {y});
        assertEquals(List.of(0L, (long) Integer.MAX_VALUE, -2L), List.of(y.getLong(0), y.getLong(1), y.getLong(2)));
        for (int i = 3; i < 5000; i++) {
            assertEquals((long) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, x.get(i))), y.getLong(i));
        }
    }
}
