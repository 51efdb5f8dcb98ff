package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Transposes matrices in blocks of rows; a part is one block of rows of one matrix. */
final class VectorTranspose extends Unary {
    private static final int ROWS = 64;
    private static final int COLUMNS = Transposition.SQUARES * Lanes.F;

    private final ScratchPool pool;
    private final boolean bytes;

    VectorTranspose(TransposeSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.bytes = spec.type() != DataType.F32;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long rows = src.shape().dim(1);
        long blocks = Math.ceilDiv(rows, (long) ROWS);
        long parts = src.shape().dim(0) * blocks;
        if (parallelism().threads() == 1) {
            for (long part = 0; part < parts; part++) {
                part(src, dst, part, blocks);
            }
        } else {
            parallelism().run(parts, part -> part(src, dst, part, blocks));
        }
    }

    private void part(Tensor src, Tensor dst, long part, long blocks) {
        long rows = src.shape().dim(1);
        long columns = src.shape().dim(2);
        long matrix = part / blocks * rows * columns;
        long first = part % blocks * ROWS;
        int count = (int) Math.min(ROWS, rows - first);
        Scratch scratch = pool.take();
        if (bytes) {
            for (long row = first; row < first + count; row += ByteTransposition.SIDE) {
                for (long column = 0; column < columns; column += ByteTransposition.SIDE) {
                    square(scratch, src.data(), matrix + row * columns + column, columns, dst.data(),
                            matrix + column * rows + row, rows,
                            (int) Math.min(ByteTransposition.SIDE, first + count - row),
                            (int) Math.min(ByteTransposition.SIDE, columns - column));
                }
            }
        } else {
            for (long column = 0; column < columns; column += COLUMNS) {
                floats(scratch, src.data(), matrix + first * columns + column, columns, dst.data(),
                        matrix + column * rows + first, rows, count, (int) Math.min(COLUMNS, columns - column));
            }
        }
        pool.give(scratch);
    }

    private static void floats(Scratch scratch, MemorySegment from, long at, long pitch, MemorySegment to, long toAt,
            long toPitch, int rows, int columns) {
        int half = ROWS * COLUMNS;
        for (int row = 0; row < rows; row++) {
            Runs.load(DataType.F32, from, at + row * pitch, 0, scratch.a, row * COLUMNS, columns);
        }
        if (rows % Lanes.F == 0 && columns % Lanes.F == 0 && toPitch <= Integer.MAX_VALUE) {
            Transposition.transpose(scratch.a, 0, COLUMNS, rows, columns, to, toAt, (int) toPitch, scratch.squares);
            return;
        }
        Transposition.transpose(scratch.a, 0, COLUMNS, rows, columns, scratch.a, half, ROWS, scratch.squares);
        for (int column = 0; column < columns; column++) {
            MemorySegment.copy(scratch.a, half + column * ROWS, to, JAVA_FLOAT, (toAt + column * toPitch) * Float.BYTES,
                    rows);
        }
    }

    private static void square(Scratch scratch, MemorySegment from, long at, long pitch, MemorySegment to, long toAt,
            long toPitch, int rows, int columns) {
        int side = ByteTransposition.SIDE;
        scratch.growBytes(side * side);
        if (rows == side && columns == side) {
            ByteTransposition.transpose(from, at, pitch, to, toAt, toPitch, scratch.bytes);
            return;
        }
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(from, JAVA_BYTE, at + row * pitch, scratch.bytes, row * side, columns);
        }
        ByteTransposition.transpose(scratch.bytes);
        for (int column = 0; column < columns; column++) {
            MemorySegment.copy(scratch.bytes, column * side, to, JAVA_BYTE, toAt + column * toPitch, rows);
        }
    }
}
