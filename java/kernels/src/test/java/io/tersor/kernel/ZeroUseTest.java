package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.Isa;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ZeroUseTest {
    private static final SparseCosts COSTS = new SparseCosts(List.of(
            new SparseCosts.Row(Isa.AVX2, "i8", 0, 0.1, 3), new SparseCosts.Row(Isa.AVX2, "i8", 1, 0.1, 2),
            new SparseCosts.Row(Isa.AVX2, "i8", 32, 0.1, 1),
            new SparseCosts.Row(Isa.AVX2, "f32", 1, 0.1, 2), new SparseCosts.Row(Isa.AVX2, "f32", 32, 0.1, 1)));

    /** OIHW weights with blocks of rows x columns of which some are kept. */
    private static Tensor weights(DataType type, long[] shape, int rows, int columns, double kept, Arena arena) {
        Tensor weights = Tensor.allocate(arena, type, Shape.of(shape));
        Random random = new Random(7);
        for (long o = 0; o < shape[0]; o += rows) {
            for (long i = 0; i < shape[1]; i += columns) {
                for (long tap = 0; tap < shape[2] * shape[3]; tap++) {
                    if (random.nextDouble() >= kept) {
                        continue;
                    }
                    for (long row = o; row < Math.min(shape[0], o + rows); row++) {
                        for (long column = i; column < Math.min(shape[1], i + columns); column++) {
                            weights.set((row * shape[1] + column) * shape[2] * shape[3] + tap, 3);
                        }
                    }
                }
            }
        }
        return weights;
    }

    private static Conv2dSpec spec(DataType type, long[] shape, QuantParams weights) {
        DataType src = type == DataType.S8 ? DataType.U8 : type;
        return new Conv2dSpec(src, type, DataType.F32, (int) shape[1], (int) shape[0],
                Window.of((int) shape[2], (int) shape[3]), 1, QuantParams.IDENTITY, weights, QuantParams.IDENTITY,
                Bias.NONE, Activation.NONE);
    }

    private static Optional<SparseFormat> choice(DataType type, long[] shape, int rows, int columns, double kept) {
        try (Arena arena = Arena.ofConfined()) {
            return ZeroUse.of(spec(type, shape, QuantParams.IDENTITY), weights(type, shape, rows, columns, kept, arena),
                    COSTS, Isa.AVX2).map(ZeroUse::format);
        }
    }

    @Test
    void theArrangementThatTheTableFavoursIsTaken() {
        long[] shape = {70, 66, 3, 3};
        assertEquals(Optional.of(SparseFormat.block(32, 4)), choice(DataType.S8, shape, 32, 4, 0.3));
        assertEquals(Optional.of(SparseFormat.block(1, 4)), choice(DataType.S8, shape, 1, 4, 0.1));
        assertEquals(Optional.of(SparseFormat.CSR), choice(DataType.S8, shape, 1, 1, 0.1));
        assertEquals(Optional.of(SparseFormat.CSR), choice(DataType.F32, shape, 1, 1, 0.1));
        assertEquals(Optional.of(SparseFormat.block(32, 1)), choice(DataType.F32, shape, 32, 1, 0.1));
    }

    @Test
    void nothingIsChosenWhereNoKernelWinsClearly() {
        long[] shape = {70, 66, 3, 3};
        assertEquals(Optional.empty(), choice(DataType.S8, shape, 32, 4, 0.8));
        assertEquals(Optional.empty(), choice(DataType.S8, shape, 1, 1, 0.3));
        assertEquals(Optional.empty(), choice(DataType.S8, new long[] {70, 100, 1, 1}, 32, 4, 0.1));
        try (Arena arena = Arena.ofConfined()) {
            Tensor pruned = weights(DataType.S8, shape, 32, 4, 0.1, arena);
            Conv2dSpec shifted = spec(DataType.S8, shape, QuantParams.perTensor(1, 5));
            assertEquals(Optional.empty(), ZeroUse.of(shifted, pruned, COSTS, Isa.AVX2));
            assertEquals(Optional.empty(), ZeroUse.of(spec(DataType.S8, shape, QuantParams.IDENTITY), pruned, COSTS,
                    Isa.AMX));
        }
    }

    @Test
    void stepsAreCountedForOutputsAndForBlocks() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, DataType.S8, Shape.of(64, 10));
            weights.set(3 * 10, 1);
            weights.set(5 * 10 + 1, 1);
            weights.set(40 * 10 + 9, 1);
            ZeroCount count = ZeroCount.of(weights);
            assertEquals(3.0 / 640, count.weights());
            assertEquals(3.0 / (64 * 3), count.single());
            assertEquals(2.0 / (2 * 3), count.blocks());
        }
    }

    @Test
    void theKernelTellsWhatIsUsedAndWhy() {
        if (!(KernelRegistry.standard().status(Backend.NATIVE) instanceof BackendStatus.Available)
                || SparseCosts.standard().find(Isa.used(), "i8", 32).isEmpty()) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            long[] shape = {64, 64, 3, 3};
            Tensor pruned = weights(DataType.S8, shape, 32, 4, 0.2, arena);
            Conv2d.Builder builder = Conv2d.spec(DataType.U8, DataType.S8, DataType.F32)
                    .weights(new QuantizedTensor(pruned, QuantParams.perTensor(0.5f, 0)));
            try (Conv2d chosen = builder.prepare();
                    Conv2d dense = builder.prepare(PrepareOptions.DEFAULT.dense());
                    Conv2d ordered = builder.prepare(Backend.NATIVE)) {
                assertEquals(Optional.of(SparseFormat.block(32, 4)), chosen.spec().sparsity());
                assertTrue(chosen.describe().matches("native/.* \\(\\d+ % of 32x4 left, 0\\.\\d+ of the dense time by the"
                        + " table of .*\\)"), chosen::describe);
                assertEquals(Optional.empty(), dense.spec().sparsity());
                assertFalse(dense.describe().contains("("), dense::describe);
                assertEquals(Optional.empty(), ordered.spec().sparsity());
            }
        }
    }
}
