package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Chooses element by element. */
final class ScalarSelect extends Select {
    ScalarSelect(SelectSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long rows, long columns, MemorySegment condition, long conditionAt, long conditionRow,
            long conditionColumn, MemorySegment a, long aAt, long aRow, long aColumn, MemorySegment b, long bAt,
            long bRow, long bColumn, MemorySegment dst, long at) {
        long bytes = spec().type().bytes(1);
        for (long row = 0; row < rows; row++) {
            for (long i = 0; i < columns; i++) {
                boolean chosen = condition.get(ValueLayout.JAVA_BYTE,
                        conditionAt + row * conditionRow + i * conditionColumn)
                        != 0;
                long from = chosen ? aAt + row * aRow + i * aColumn : bAt + row * bRow + i * bColumn;
                MemorySegment.copy(chosen ? a : b, from * bytes, dst, (at + row * columns + i) * bytes, bytes);
            }
        }
    }
}
