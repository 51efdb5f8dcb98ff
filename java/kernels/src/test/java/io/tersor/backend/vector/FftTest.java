package io.tersor.backend.vector;

import static io.tersor.tensor.DataType.F32;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Transformations against their definition, and when convolutions use them. */
@Tag("isa-tiers")
class FftTest {
    private static final int LANES = Lanes.F;

    private final Random random = new Random(11);

    @Test
    void transformsAsDefinedAndBack() {
        for (int n : new int[] {4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128}) {
            try (Arena arena = Arena.ofConfined()) {
                Fft fft = new Fft(n);
                int gap = 3;
                MemorySegment memory = arena.allocate((long) (gap + 1) * n * Fft.BYTES, 64);
                float[] x = new float[2 * LANES * n];
                for (int i = 0; i < n; i++) {
                    for (int lane = 0; lane < 2 * LANES; lane++) {
                        x[i * 2 * LANES + lane] = random.nextFloat() - 0.5f;
                        memory.setAtIndex(JAVA_FLOAT, (long) i * gap * 2 * LANES + lane, x[i * 2 * LANES + lane]);
                    }
                }
                long spectrum = (long) gap * n * Fft.BYTES;
                fft.forward(memory, 0, (long) gap * Fft.BYTES, spectrum);
                for (int k = 0; k < n; k++) {
                    checkFrequency(x, n, k, memory, spectrum / Float.BYTES + (long) fft.place(k) * 2 * LANES);
                }
                fft.inverse(memory, spectrum, 0, (long) gap * Fft.BYTES);
                for (int i = 0; i < n; i++) {
                    for (int lane = 0; lane < 2 * LANES; lane++) {
                        float back = memory.getAtIndex(JAVA_FLOAT, (long) i * gap * 2 * LANES + lane) / n;
                        assertEquals(x[i * 2 * LANES + lane], back, 1e-6, "n " + n + " at " + i);
                    }
                }
            }
        }
    }

    private static void checkFrequency(float[] x, int n, int k, MemorySegment memory, long at) {
        for (int lane = 0; lane < LANES; lane++) {
            double re = 0;
            double im = 0;
            for (int i = 0; i < n; i++) {
                double angle = -2 * Math.PI * i * k / n;
                double a = x[i * 2 * LANES + lane];
                double b = x[i * 2 * LANES + LANES + lane];
                re += a * Math.cos(angle) - b * Math.sin(angle);
                im += a * Math.sin(angle) + b * Math.cos(angle);
            }
            String where = "n " + n + " frequency " + k + " lane " + lane;
            assertEquals(re, memory.getAtIndex(JAVA_FLOAT, at + lane), 1e-6 * n, where);
            assertEquals(im, memory.getAtIndex(JAVA_FLOAT, at + LANES + lane), 1e-6 * n, where);
        }
    }

    private static Conv2d.Builder builder(Arena arena, int channels, int kernel, Random random) {
        return Conv2d.spec(F32, F32, F32).groups(channels).window(Window.of(kernel, kernel).padding(kernel / 2))
                .weights(Operands.random(arena, F32, Shape.of(channels, 1, kernel, kernel), random));
    }

    @Test
    void largeKernelsOnLargeImagesAreTransformed() {
        try (Arena arena = Arena.ofConfined()) {
            assertTrue(plan(arena, 31, 64).isPresent());
            assertTrue(plan(arena, 31, 17).isPresent());
            assertTrue(plan(arena, 13, 40).isPresent());
            assertFalse(plan(arena, 31, 1).isPresent());
            assertFalse(plan(arena, 7, 56).isPresent());
        }
    }

    private Optional<FftPlan> plan(Arena arena, int kernel, int size) {
        Conv2d.Builder builder = builder(arena, 3, kernel, random);
        Tensor weights = Operands.random(arena, F32, Shape.of(3, 1, kernel, kernel), random);
        assertTrue(DepthwiseFft.serves(builder.spec(), weights));
        TileStore store = new TileStore(Epilogue.of(builder.spec(), Optional.empty()), Sums.of(builder.spec()), 0, 3);
        return new DepthwiseFft(builder.spec(), weights, store, arena).plan(size, size);
    }

    @Test
    void onlyWhereAskedFor() {
        try (Arena arena = Arena.ofConfined()) {
            Conv2d.Builder builder = builder(arena, 16, 13, random);
            PrepareOptions options = PrepareOptions.DEFAULT.on(Backend.VECTOR);
            try (Conv2d direct = builder.prepare(options); Conv2d spectra = builder.prepare(options.normwiseErrors());
                    Conv2d free = builder.prepare(PrepareOptions.DEFAULT.normwiseErrors());
                    Conv2d strided = builder.window(Window.of(13, 13).stride(2)).prepare(options.normwiseErrors())) {
                assertFalse(direct.describe().contains("fft"), direct.describe());
                assertTrue(spectra.describe().contains("fft"), spectra.describe());
                assertTrue(free.describe().contains("fft"), free.describe());
                assertFalse(strided.describe().contains("fft"), strided.describe());
            }
        }
    }

    @Test
    void whatIsNotFiniteIsSummedDirectly() {
        for (float special : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1e30f}) {
            try (Arena arena = Arena.ofConfined()) {
                Conv2d.Builder builder = builder(arena, 2 * Lanes.NR + 3, 13, random);
                Tensor src = Operands.random(arena, F32, Shape.of(1, 40, 40, 2 * Lanes.NR + 3), random);
                // In the second panel and in the last, incomplete one.
                src.set(1234L * (2 * Lanes.NR + 3) + Lanes.NR, special);
                src.set(77L * (2 * Lanes.NR + 3) + 2 * Lanes.NR + 1, special);
                Tensor expected = Tensor.allocate(arena, F32, src.shape());
                Tensor actual = Tensor.allocate(arena, F32, src.shape());
                PrepareOptions options = PrepareOptions.DEFAULT.on(Backend.VECTOR);
                try (Conv2d direct = builder.prepare(options);
                        Conv2d spectra = builder.prepare(options.normwiseErrors())) {
                    direct.run(src, expected);
                    spectra.run(src, actual);
                }
                int differing = 0;
                for (long i = 0; i < src.shape().elements(); i++) {
                    boolean affected = i % (2 * Lanes.NR + 3) >= Lanes.NR;
                    if (affected) {
                        assertEquals(expected.get(i), actual.get(i), special + " at " + i);
                    } else {
                        assertEquals(expected.get(i), actual.get(i), 1e-4, special + " at " + i);
                        differing += expected.get(i) == actual.get(i) ? 0 : 1;
                    }
                }
                assertTrue(differing > 0, "no panel was transformed");
            }
        }
    }

    @Test
    void weightsThatAreNotFiniteAreSummedDirectly() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Operands.random(arena, F32, Shape.of(2, 1, 13, 13), random);
            weights.set(200, Float.POSITIVE_INFINITY);
            assertFalse(DepthwiseFft.serves(builder(arena, 2, 13, random).spec(), weights));
        }
    }
}
