package io.tersor.backend.vector;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Unary;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Once compiled, running a kernel allocates nothing: no vector is boxed, no scratch created. */
@Tag("isa-tiers")
class AllocationTest {
    private static final long WARM_UP_NANOS = 60_000_000_000L;
    private static final int RUNS = 200;

    private final Random random = new Random(7);

    /** Runs until a series of runs allocates nothing; how soon the compiler is done depends on the machine's load. */
    private static void assertAllocationFree(String name, Runnable run) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long start = System.nanoTime();
        long allocated = Long.MAX_VALUE;
        threads.getCurrentThreadAllocatedBytes();
        while (allocated != 0 && System.nanoTime() - start < WARM_UP_NANOS) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < RUNS; i++) {
                run.run();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertEquals(0, allocated, name + ": bytes in " + RUNS + " runs");
    }

    @Test
    void aFreshObjectIsSeen() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        byte[][] kept = new byte[64][1024];
        assertTrue(threads.getCurrentThreadAllocatedBytes() - before >= 64L * kept[0].length);
    }

    @Test
    void matMul() {
        try (Arena arena = Arena.ofConfined()) {
            for (DataType type : new DataType[] {F32, U8}) {
                DataType weights = type == F32 ? F32 : S8;
                MatMul.Builder builder = MatMul.spec(type, weights, type).relu()
                        .weights(Operands.random(arena, weights, Shape.of(600, 175), random));
                for (int m : new int[] {1, 7, 29}) {
                    Tensor src = Operands.random(arena, type, Shape.of(m, 600), random);
                    Tensor dst = Tensor.allocate(arena, type, Shape.of(m, 175));
                    try (MatMul matMul = builder.prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).rows(m))) {
                        assertAllocationFree(matMul.describe() + " m=" + m, () -> matMul.run(src, dst));
                    }
                }
            }
        }
    }

    @Test
    void matMulWithEverything() {
        DataType[][] types = {{F32, S8, BF16}, {BF16, BF16, F32}, {U8, S8, S8}};
        ActivationFunction[] functions = {ActivationFunction.GELU, ActivationFunction.GELU_TANH,
                ActivationFunction.HARD_SWISH};
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < types.length; i++) {
                MatMul.Builder builder = MatMul.spec(types[i][0], types[i][1], types[i][2])
                        .weights(Operands.random(arena, types[i][1], Shape.of(70, 75), random))
                        .residual(i == 1 ? new Residual(S8, QuantParams.perTensor(0.1f, 3)) : Residual.F32)
                        .activation(Activation.of(functions[i]));
                Tensor src = Operands.random(arena, types[i][0], Shape.of(70, 29), random).permute(1, 0);
                Tensor residual = Operands.random(arena, i == 1 ? S8 : F32, Shape.of(29, 75), random);
                Tensor dst = Tensor.allocate(arena, types[i][2], Shape.of(29, 75));
                try (MatMul matMul = builder.prepare(Backend.VECTOR)) {
                    assertAllocationFree(matMul.spec().toString(), () -> matMul.run(src, residual, dst));
                }
            }
        }
    }

    @Test
    void conv2d() {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            for (int channels : new int[] {3, 40}) {
                for (PrepareOptions options : new PrepareOptions[] {PrepareOptions.DEFAULT.on(Backend.VECTOR),
                        PrepareOptions.DEFAULT.on(Backend.VECTOR).with(two)}) {
                    conv2d(arena, channels, 1, options);
                }
            }
            conv2d(arena, 40, 40, PrepareOptions.DEFAULT.on(Backend.VECTOR));
        }
    }

    @Test
    void sparseProducts() {
        try (Arena arena = Arena.ofConfined()) {
            for (SparseFormat format : new SparseFormat[] {SparseFormat.CSR, SparseFormat.block(4, 1)}) {
                for (DataType type : new DataType[] {F32, U8}) {
                    DataType weights = type == F32 ? F32 : S8;
                    Tensor src = Operands.random(arena, type, Shape.of(1, 9, 9, 40), random);
                    Tensor dst = Tensor.allocate(arena, type, Shape.of(1, 9, 9, 40));
                    for (int kernel : new int[] {1, 3}) {
                        try (Conv2d conv = Conv2d.spec(type, weights, type).relu().sparsity(format)
                                .window(Window.of(kernel, kernel).padding(kernel / 2))
                                .weights(Operands.random(arena, weights, Shape.of(40, 40, kernel, kernel), random))
                                .prepare(Backend.VECTOR)) {
                            assertAllocationFree(conv.describe() + " " + kernel, () -> conv.run(src, dst));
                        }
                    }
                }
            }
        }
    }

    @Test
    void conv2dWithResidual() {
        try (Arena arena = Arena.ofConfined()) {
            for (DataType type : new DataType[] {U8, S8}) {
                Tensor src = Operands.random(arena, U8, Shape.of(1, 9, 9, 40), random);
                Tensor residual = Operands.random(arena, type, Shape.of(1, 9, 9, 40), random);
                Tensor dst = Tensor.allocate(arena, U8, Shape.of(1, 9, 9, 40));
                try (Conv2d conv = Conv2d.spec(U8, S8, U8).relu()
                        .residual(new Residual(type, QuantParams.perTensor(0.1f, 3)))
                        .weights(Operands.random(arena, S8, Shape.of(40, 40, 1, 1), random)).prepare(Backend.VECTOR)) {
                    assertAllocationFree(conv.spec().toString(), () -> conv.run(src, residual, dst));
                }
            }
        }
    }

    private void conv2d(Arena arena, int channels, int groups, PrepareOptions options) {
        Tensor src = Operands.random(arena, U8, Shape.of(1, 9, 9, channels), random);
        Tensor dst = Tensor.allocate(arena, U8, Shape.of(1, 9, 9, 40));
        try (Conv2d conv = Conv2d.spec(U8, S8, U8).groups(groups).window(Window.of(3, 3).padding(1))
                .weights(Operands.random(arena, S8, Shape.of(40, channels / groups, 3, 3), random)).prepare(options)) {
            assertAllocationFree(conv.describe(), () -> conv.run(src, dst));
        }
    }

    @Test
    void depthwiseOnTwoThreads() {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            Tensor src = Operands.random(arena, U8, Shape.of(1, 9, 9, 40), random);
            Tensor dst = Tensor.allocate(arena, U8, Shape.of(1, 9, 9, 40));
            try (Conv2d conv = Conv2d.spec(U8, S8, U8).groups(40).window(Window.of(3, 3).padding(1))
                    .weights(Operands.random(arena, S8, Shape.of(40, 1, 3, 3), random))
                    .prepare(PrepareOptions.DEFAULT.on(Backend.VECTOR).with(two))) {
                assertAllocationFree(conv.describe(), () -> conv.run(src, dst));
            }
        }
    }

    @Test
    void spectra() {
        try (Arena arena = Arena.ofShared(); Parallelism two = Parallelism.of(2)) {
            Tensor src = Operands.random(arena, F32, Shape.of(1, 30, 30, 40), random);
            Tensor dst = Tensor.allocate(arena, F32, Shape.of(1, 30, 30, 40));
            Conv2d.Builder builder = Conv2d.spec(F32, F32, F32).groups(40).window(Window.of(17, 17).padding(8))
                    .weights(Operands.random(arena, F32, Shape.of(40, 1, 17, 17), random));
            PrepareOptions options = PrepareOptions.DEFAULT.on(Backend.VECTOR).normwiseErrors();
            for (PrepareOptions each : new PrepareOptions[] {options, options.with(two)}) {
                try (Conv2d conv = builder.prepare(each)) {
                    assertAllocationFree(conv.describe(), () -> conv.run(src, dst));
                }
            }
        }
    }

    @Test
    void elementwise() {
        KernelRegistry registry = KernelRegistry.standard();
        PrepareOptions options = PrepareOptions.DEFAULT.on(Backend.VECTOR);
        QuantParams params = QuantParams.perTensor(0.02f, 7);
        Shape shape = Shape.of(50, 61);
        try (Arena arena = Arena.ofConfined();
                Unary quantize = registry.prepare(new QuantizeSpec(U8, params, Rounding.HALF_EVEN), options);
                Add add = registry.prepare(new AddSpec(U8, U8, U8, params, params, params, Activation.RELU), options)) {
            Tensor real = Operands.random(arena, F32, shape, random);
            Tensor q = Tensor.allocate(arena, U8, shape);
            assertAllocationFree(quantize.describe(), () -> quantize.run(real, q));
            assertAllocationFree(add.describe(), () -> add.run(q, q, q));
        }
    }
}
