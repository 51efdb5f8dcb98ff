package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.UnsupportedKernelException;
import io.tersor.backend.scalar.ScalarBackend;
import io.tersor.kernel.Activation;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Residuals of convolutions, in dst's memory and elsewhere, on images of any size; what is refused. */
class OnednnConv2dTest {
    private static final int IC = 19;
    private static final int OC = 23;
    private static final QuantParams HALF = QuantParams.perTensor(0.5f, 3);

    private final OnednnBackend backend = new OnednnBackend();

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
        assumeTrue(Onednn.get().sumsBytesExactly(), "no VNNI");
    }

    private static Conv2dSpec spec(Bias bias, Optional<Residual> residual, Activation activation) {
        return new Conv2dSpec(DataType.U8, DataType.S8, DataType.U8, IC, OC, Window.of(3, 3).padding(1), 1,
                QuantParams.perTensor(0.25f, 7), QuantParams.perTensor(0.125f, 0), HALF, bias, residual, activation);
    }

    @Test
    void addsAResidualWhereverItLies() {
        Conv2dSpec spec = spec(Bias.NONE, Optional.of(new Residual(DataType.U8, HALF)), Activation.RELU);
        assertEquals(Optional.empty(), backend.refusal(spec));
        try (Arena arena = Arena.ofConfined();
                Conv2d kernel = prepare(backend, arena, spec);
                Conv2d reference = prepare(new ScalarBackend(), arena, spec)) {
            // An image of no pixels has results where it is padded.
            for (int extent : new int[] {5, 1, 5, 0}) {
                Tensor src = filled(arena, Shape.of(1, extent, 3, IC), 1);
                Tensor residual = filled(arena, Shape.of(1, extent, 3, OC), 2);
                Tensor expected = Tensor.allocate(arena, DataType.U8, residual.shape());
                reference.run(src, residual, expected);
                Tensor apart = Tensor.allocate(arena, DataType.U8, residual.shape());
                kernel.run(src, residual, apart);
                kernel.run(src, residual, residual);
                for (long i = 0; i < expected.shape().elements(); i++) {
                    assertEquals(expected.get(i), apart.get(i), 1, "element " + i + " of " + expected.shape());
                    assertEquals(apart.get(i), residual.get(i), 1, "in place, element " + i);
                }
            }
        }
    }

    @Test
    void allocatesNothingForAResidual() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Conv2dSpec spec = spec(Bias.NONE, Optional.of(new Residual(DataType.U8, HALF)), Activation.RELU);
        try (Arena arena = Arena.ofConfined(); Conv2d kernel = prepare(backend, arena, spec)) {
            Tensor src = filled(arena, Shape.of(1, 2, 3, IC), 1);
            Tensor residual = filled(arena, Shape.of(1, 2, 3, OC), 2);
            Tensor dst = Tensor.allocate(arena, DataType.U8, residual.shape());
            for (int run = 0; run < 60_000; run++) {
                kernel.run(src, run % 2 == 0 ? residual : dst, dst);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int run = 0; run < 3000; run++) {
                kernel.run(src, run % 2 == 0 ? residual : dst, dst);
            }
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(bytes < 3000, bytes + " bytes in 3000 runs");
        }
    }

    @Test
    void takesAFunctionUnlessTheBiasIsInfinite() {
        Conv2dSpec spec = spec(Bias.F32, Optional.empty(), Activation.SILU);
        assertEquals(Optional.empty(), backend.refusal(spec));
        KernelRegistry registry = new KernelRegistry(List.of(backend, new ScalarBackend()));
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = filled(arena, spec.weightsShape(), DataType.S8, 3);
            Tensor bias = filled(arena, Shape.of(OC), DataType.F32, 4);
            registry.prepare(spec, weights, Optional.of(bias), PrepareOptions.DEFAULT.on(Backend.ONEDNN)).close();
            bias.set(1, Float.NEGATIVE_INFINITY);
            assertThrows(UnsupportedKernelException.class, () -> registry.prepare(spec, weights, Optional.of(bias),
                    PrepareOptions.DEFAULT.on(Backend.ONEDNN)));
        }
    }

    private static Conv2d prepare(BackendProvider provider, Arena arena, Conv2dSpec spec) {
        return provider.prepare(spec, filled(arena, spec.weightsShape(), DataType.S8, 3), Optional.empty(),
                PrepareOptions.DEFAULT);
    }

    private static Tensor filled(Arena arena, Shape shape, int seed) {
        return filled(arena, shape, DataType.U8, seed);
    }

    private static Tensor filled(Arena arena, Shape shape, DataType type, int seed) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            tensor.set(i, (seed * 7 + i * 13) % 29);
        }
        return tensor;
    }
}
