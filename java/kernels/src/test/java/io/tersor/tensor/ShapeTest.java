package io.tersor.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.TersorException;
import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void countsElements() {
        assertEquals(24, Shape.of(2, 3, 4).elements());
        assertEquals(1, Shape.of().elements());
        assertEquals(0, Shape.of(5, 0, 7).elements());
    }

    @Test
    void anEmptyShapeNeverOverflows() {
        assertEquals(0, Shape.of(Long.MAX_VALUE, Long.MAX_VALUE, 0).elements());
    }

    @Test
    void refusesNegativeAndOverflowingExtents() {
        assertThrows(TersorException.class, () -> Shape.of(2, -1));
        assertThrows(TersorException.class, () -> Shape.of(0, -1));
        assertThrows(TersorException.class, () -> Shape.of(1L << 32, 1L << 31));
        assertThrows(TersorException.class, () -> Shape.of(1L << 62, 2, 1));
        assertEquals(1L << 62, Shape.of(1L << 31, 1L << 31).elements());
    }

    @Test
    void axesCountFromBothEnds() {
        Shape shape = Shape.of(2, 3, 4);
        assertEquals(4, shape.dim(-1));
        assertEquals(2, shape.dim(-3));
        assertEquals(3, shape.dim(1));
        assertThrows(IndexOutOfBoundsException.class, () -> shape.dim(3));
        assertEquals(Shape.of(2, 3, 9), shape.with(-1, 9));
    }

    @Test
    void stridesAreRowMajor() {
        assertArrayEquals(new long[] {12, 4, 1}, Shape.of(2, 3, 4).rowMajorStrides());
        assertArrayEquals(new long[] {}, Shape.of().rowMajorStrides());
    }

    @Test
    void isImmutableAndComparable() {
        long[] dims = {2, 3};
        Shape shape = Shape.of(dims);
        dims[0] = 7;
        shape.dims()[1] = 7;
        assertEquals(Shape.of(2, 3), shape);
        assertEquals(Shape.of(2, 3).hashCode(), shape.hashCode());
        assertNotEquals(Shape.of(3, 2), shape);
        assertEquals("2x3", shape.toString());
        assertEquals("scalar", Shape.of().toString());
    }
}
