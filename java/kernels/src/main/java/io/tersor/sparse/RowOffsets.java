package io.tersor.sparse;

import io.tersor.OperandException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Where rows of a varying number of units start: at the beginning of a sparse tensor's bytes, 32 bits each. */
final class RowOffsets {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private RowOffsets() {}

    /** Returns the bytes that the offsets of so many rows take. */
    static long bytes(int rows) {
        return Integer.BYTES * (rows + 1L);
    }

    static int get(MemorySegment data, int row) {
        return data.get(INT, (long) row * Integer.BYTES);
    }

    static void put(MemorySegment data, int row, int offset) {
        data.set(INT, (long) row * Integer.BYTES, offset);
    }

    static void put(MemorySegment data, int[] offsets) {
        for (int row = 0; row < offsets.length; row++) {
            put(data, row, offsets[row]);
        }
    }

    /** Fails unless there are as many given offsets as rows ask for. */
    static void checkLength(int rows, int[] offsets) {
        OperandException.check(offsets.length == rows + 1L, "rowOffsets", rows + 1L + " values", offsets.length);
    }

    /** Returns a number of units, which must fit the offsets. */
    static int checkCount(long count) {
        OperandException.check(count < Integer.MAX_VALUE, "weights", "fewer than 2^31 - 1 kept units", count);
        return (int) count;
    }

    /** Returns how many units there are, which the last offset tells. */
    static int count(int rows, MemorySegment data) {
        OperandException.check(data.byteSize() >= bytes(rows), "data", "at least " + bytes(rows) + " bytes",
                data.byteSize());
        int count = get(data, rows);
        OperandException.check(count >= 0, "rowOffsets[" + rows + "]", "not negative", count);
        return count;
    }

    /** Fails unless the offsets rise from 0. */
    static void check(int rows, MemorySegment data) {
        OperandException.check(get(data, 0) == 0, "rowOffsets[0]", "0", get(data, 0));
        int count = get(data, rows);
        for (int row = 0; row < rows; row++) {
            int offset = get(data, row);
            int next = get(data, row + 1);
            if (next < offset || next > count) {
                throw new OperandException("rowOffsets[" + (row + 1) + "]", offset + " to " + count, next);
            }
        }
    }
}
