package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnednnRowsTest {
    /** Hints from files that nobody can trust: some are no rows at all when they are cut to 32 bits. */
    @ParameterizedTest
    @ValueSource(longs = {1, 1L << 31, (1L << 31) - 1, 1L << 32, (1L << 32) - 1, 1L << 33, 1L << 40, Long.MAX_VALUE})
    void hintsOfAnySizeAreHarmless(long rows) {
        assumeTrue(KernelRegistry.standard().status(Backend.ONEDNN) instanceof BackendStatus.Available,
                "oneDNN is missing here");
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.ofFloats(arena, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
            Tensor src = Tensor.ofFloats(arena, Shape.of(1, 2), 10, 1);
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(1, 3));
            try (MatMul product = MatMul.spec(DataType.F32, DataType.F32, DataType.F32).weights(weights)
                    .prepare(PrepareOptions.DEFAULT.on(Backend.ONEDNN).rows(rows))) {
                product.run(src, dst);
            }
            assertArrayEquals(new float[] {14, 25, 36}, dst.toFloats());
        }
    }
}
