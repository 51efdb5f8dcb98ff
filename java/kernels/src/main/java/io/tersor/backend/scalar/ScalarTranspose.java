package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Transposes element by element, in blocks whose lines stay in the first-level cache. */
final class ScalarTranspose extends Unary {
    private static final long BLOCK = 16;

    ScalarTranspose(TransposeSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long rows = src.shape().dim(1);
        long columns = src.shape().dim(2);
        for (long matrix = 0; matrix < src.shape().dim(0); matrix++) {
            for (long row = 0; row < rows; row += BLOCK) {
                for (long column = 0; column < columns; column += BLOCK) {
                    block(src.data(), dst.data(), matrix * rows * columns, rows, columns, row, column);
                }
            }
        }
    }

    private void block(MemorySegment src, MemorySegment dst, long matrix, long rows, long columns, long row,
            long column) {
        for (long r = row; r < Math.min(rows, row + BLOCK); r++) {
            for (long c = column; c < Math.min(columns, column + BLOCK); c++) {
                long from = matrix + r * columns + c;
                long to = matrix + c * rows + r;
                if (spec().srcType() == DataType.F32) {
                    dst.setAtIndex(JAVA_INT, to, src.getAtIndex(JAVA_INT, from));
                } else {
                    dst.set(JAVA_BYTE, to, src.get(JAVA_BYTE, from));
                }
            }
        }
    }
}
