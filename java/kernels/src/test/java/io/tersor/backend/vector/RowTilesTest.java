package io.tersor.backend.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class RowTilesTest {
    private static float[] run(Tensor src, Arena arena) {
        Tensor weights = Tensor.allocate(arena, DataType.S8, Shape.of(src.shape().dim(1), 2));
        Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(1, 2));
        try (MatMul kernel = MatMul.spec(DataType.F32, DataType.S8, DataType.F32).sparsity(SparseFormat.CSR)
                .weights(new QuantizedTensor(weights, QuantParams.perTensor(0.5f, 0)))
                .bias(Tensor.ofFloats(arena, Shape.of(2), 3f, -4f)).prepare(Backend.VECTOR)) {
            kernel.run(src, dst);
        }
        return dst.toFloats();
    }

    @Test
    void rowsWithoutColumnsDoNotTakeTheScaleOfARowBefore() {
        try (Arena arena = Arena.ofConfined()) {
            float[] poisoned = run(Tensor.ofFloats(arena, Shape.of(1, 4), 1f, Float.NaN, 2f, 3f), arena);
            assertTrue(Float.isNaN(poisoned[0]) && Float.isNaN(poisoned[1]), "a row with a NaN has the scale NaN");
            assertArrayEquals(new float[] {3f, -4f}, run(Tensor.allocate(arena, DataType.F32, Shape.of(1, 0)), arena));
        }
    }
}
