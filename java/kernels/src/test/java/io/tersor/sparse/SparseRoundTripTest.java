package io.tersor.sparse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Dense tensors through every format and back, also through its bytes. */
class SparseRoundTripTest {
    private static final List<Shape> SHAPES = List.of(Shape.of(1, 1), Shape.of(5, 3), Shape.of(33, 7), Shape.of(31, 65),
            Shape.of(64, 64), Shape.of(1, 257), Shape.of(257, 1), Shape.of(0, 5), Shape.of(5, 0), Shape.of(0, 0),
            Shape.of(16, 8, 3, 3), Shape.of(7, 5, 1, 1), Shape.of(3, 1, 5, 2), Shape.of(33, 66, 1, 3),
            Shape.of(2, 3, 0, 3));

    @Test
    void denseComesBackFromEveryFormat() {
        for (SparseFormat format : Patterns.FORMATS) {
            for (DataType type : Patterns.TYPES) {
                for (Shape shape : SHAPES) {
                    for (double sparsity : new double[] {0, 0.5, 0.9, 1}) {
                        try (Arena arena = Arena.ofConfined()) {
                            Tensor dense = Patterns.random(format, type, shape, sparsity, shape.hashCode(), arena);
                            check(format, dense, arena);
                        }
                    }
                }
            }
        }
    }

    private static void check(SparseFormat format, Tensor dense, Arena arena) {
        SparseTensor sparse = SparseTensor.fromDense(format, dense, arena);
        String what = sparse.toString();
        assertEquals(format, sparse.format());
        assertEquals(dense.type(), sparse.type());
        assertEquals(dense.shape(), sparse.shape());
        assertSame(dense, sparse.toDense(arena), what);
        long kept = 0;
        for (long i = 0; i < dense.shape().elements(); i++) {
            kept += dense.get(i) == 0 ? 0 : 1;
        }
        assertTrue(sparse.storedEntries() >= kept && sparse.storedEntries() <= dense.shape().elements(), what);
        MemorySegment bytes = sparse.serialize(arena);
        SparseTensor read = SparseTensor.deserialize(bytes, arena);
        assertEquals(sparse.getClass(), read.getClass());
        assertEquals(format, read.format());
        assertEquals(sparse.params(), read.params(), what);
        assertEquals(sparse.storedEntries(), read.storedEntries(), what);
        assertEquals(sparse.byteSize(), read.byteSize(), what);
        assertEquals(-1, sparse.data().mismatch(read.data()), what);
        assertSame(dense, read.toDense(arena), what);
    }

    private static void assertSame(Tensor expected, Tensor actual, String what) {
        assertEquals(expected.type(), actual.type());
        assertEquals(expected.shape(), actual.shape());
        for (long i = 0; i < expected.shape().elements(); i++) {
            assertEquals(expected.get(i), actual.get(i), what + ", element " + i);
        }
    }

    @Test
    void stridedTensorsAreReadAsTheyAreIndexed() {
        try (Arena arena = Arena.ofConfined()) {
            for (SparseFormat format : Patterns.FORMATS) {
                Tensor dense = Patterns.random(format, DataType.F32, Shape.of(6, 9, 3, 2), 0.7, 5, arena);
                Tensor elsewhere = Tensor.allocate(arena, DataType.F32, Shape.of(3, 9, 2, 6)).permute(3, 1, 0, 2);
                elsewhere.copyFrom(dense);
                assertEquals(-1, SparseTensor.fromDense(format, dense, arena).data()
                        .mismatch(SparseTensor.fromDense(format, elsewhere, arena).data()));
            }
        }
    }

    @Test
    void scalesComeAlong() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor values = Tensor.ofBytes(arena, DataType.S8, Shape.of(2, 3), new byte[] {0, 7, 0, -128, 0, 1});
            for (QuantParams params : List.of(QuantParams.perTensor(0.5f, 0), QuantParams.perChannel(0, 2f, 3f))) {
                SparseTensor sparse = SparseTensor.fromDense(SparseFormat.CSR, new QuantizedTensor(values, params),
                        arena);
                assertEquals(params, sparse.params());
                assertEquals(params, SparseTensor.deserialize(sparse.serialize(arena), arena).params());
            }
            Tensor one = Tensor.ofBytes(arena, DataType.S8, Shape.of(1, 1), (byte) 3);
            QuantParams single = QuantParams.perChannel(0, 2f);
            SparseTensor sparse = BitmaskTensor.fromDense(new QuantizedTensor(one, single), arena);
            assertEquals(single, SparseTensor.deserialize(sparse.serialize(arena), arena).params());
        }
    }

    @Test
    void otherQuantizationsTypesAndShapesAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor values = Tensor.allocate(arena, DataType.S8, Shape.of(2, 4));
            refused("params", values, QuantParams.perTensor(1f, 3), arena);
            refused("params", values, QuantParams.perChannel(1, 1f, 1f, 1f, 1f), arena);
            refused("params", values, QuantParams.perGroup(0, 2, new float[] {1, 1, 1, 1}, new int[4]), arena);
        }
        try (Arena arena = Arena.ofConfined()) {
            Tensor unsigned = Tensor.allocate(arena, DataType.U8, Shape.of(2, 4));
            Tensor rank3 = Tensor.allocate(arena, DataType.F32, Shape.of(2, 4, 1));
            for (SparseFormat format : Patterns.FORMATS) {
                assertEquals("values", assertThrows(OperandException.class,
                        () -> SparseTensor.fromDense(format, unsigned, arena)).operand());
                assertEquals("shape", assertThrows(OperandException.class,
                        () -> SparseTensor.fromDense(format, rank3, arena)).operand());
            }
        }
    }

    private static void refused(String operand, Tensor values, QuantParams params, Arena arena) {
        QuantizedTensor quantized = new QuantizedTensor(values, params);
        for (SparseFormat format : Patterns.FORMATS) {
            assertEquals(operand, assertThrows(OperandException.class,
                    () -> SparseTensor.fromDense(format, quantized, arena)).operand());
        }
    }

    @Test
    void negativeZeroIsZeroAndNanIsNot() {
        try (Arena arena = Arena.ofConfined()) {
            for (DataType type : List.of(DataType.F32, DataType.BF16)) {
                Tensor dense = Tensor.allocate(arena, type, Shape.of(1, 3));
                dense.set(0, -0.0);
                dense.set(1, Double.NaN);
                dense.set(2, Double.NEGATIVE_INFINITY);
                for (SparseFormat format : List.of(SparseFormat.CSR, SparseFormat.BITMASK)) {
                    SparseTensor sparse = SparseTensor.fromDense(format, dense, arena);
                    assertEquals(2, sparse.storedEntries());
                    Tensor back = sparse.toDense(arena);
                    assertEquals(0.0, back.get(0));
                    assertTrue(Double.isNaN(back.get(1)));
                    assertEquals(Double.NEGATIVE_INFINITY, back.get(2));
                }
            }
        }
    }

    @Test
    void tooManyOfMAreRefused() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor dense = Tensor.ofFloats(arena, Shape.of(2, 6), 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0, 0);
            assertEquals("weights: expected at most 2:4 neighbouring inputs that are not 0, got 3 of output 1 from "
                    + "input 0 on", assertThrows(OperandException.class,
                            () -> NmSparseTensor.fromDense(dense, 2, 4, arena)).getMessage());
            assertSame(dense, NmSparseTensor.fromDense(dense, 3, 4, arena).toDense(arena), "3:4");
        }
    }
}
