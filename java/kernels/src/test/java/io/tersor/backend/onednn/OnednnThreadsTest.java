package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The same kernel for one thread and for more in one process: oneDNN keeps primitives in a cache of its own. */
class OnednnThreadsTest {
    private static final int[] THREADS = {1, 2, 1, 3, 2};

    private final Arena arena = Arena.ofAuto();
    private final Random random = new Random(6);

    @BeforeAll
    static void needsOnednn() {
        assumeTrue(KernelRegistry.standard().status(Backend.ONEDNN) instanceof BackendStatus.Available,
                "oneDNN is missing here");
    }

    private Tensor random(long... dims) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextGaussian());
        }
        return tensor;
    }

    private interface Run {
        float[] with(PrepareOptions options);
    }

    private static void assertSame(Run run) {
        float[] expected = run.with(PrepareOptions.DEFAULT.on(Backend.SCALAR));
        for (int threads : THREADS) {
            try (Parallelism parallelism = Parallelism.of(threads)) {
                float[] actual = run.with(PrepareOptions.DEFAULT.on(Backend.ONEDNN).with(parallelism));
                assertArrayEquals(expected, actual, 1e-3f, threads + " threads");
            }
        }
    }

    @Test
    void convolutions() {
        Tensor src = random(1, 8, 8, 32);
        Tensor weights = random(64, 32, 3, 3);
        assertSame(options -> {
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(1, 8, 8, 64));
            try (Conv2d conv = Conv2d.spec(DataType.F32, DataType.F32, DataType.F32).weights(weights)
                    .window(Window.of(3, 3).padding(1)).activation(Activation.RELU).prepare(options)) {
                conv.run(src, dst);
            }
            return dst.toFloats();
        });
    }

    @Test
    void multiplications() {
        Tensor src = random(37, 300);
        Tensor weights = random(300, 65);
        assertSame(options -> {
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(37, 65));
            try (MatMul product = MatMul.spec(DataType.F32, DataType.F32, DataType.F32).weights(weights)
                    .prepare(options)) {
                product.run(src, dst);
            }
            return dst.toFloats();
        });
    }
}
