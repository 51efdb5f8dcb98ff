package io.tersor.kernel;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Times multiplications of one spec against each other, on the same random operands. They take turns in rounds of a few
 * milliseconds, so that whatever else the machine does hits all of them; the fastest round of each counts.
 */
final class KernelTimer implements AutoCloseable {
    private static final long ROUND_NANOS = 3_000_000;
    private static final int LEAST_ROUNDS = 5;
    private static final int MOST_ROUNDS = 15;
    /** No kernel had a faster round for so many rounds: the compiler is done, and the minimum found. */
    private static final int STEADY_ROUNDS = 3;
    private static final double NOTABLE = 0.98;

    private final Arena arena = Arena.ofShared();
    private final MatMulSpec spec;
    private final Tensor src;
    private final Tensor residual;

    /**
     * @param spec of batch 1
     * @param rows the rows of each run
     */
    KernelTimer(MatMulSpec spec, long rows) {
        this.spec = spec;
        SplittableRandom random = new SplittableRandom(rows);
        this.src = random(arena, spec.src(), Shape.of(rows, spec.k()), random);
        this.residual = spec.residual().map(added -> random(arena, added.type(), Shape.of(rows, spec.n()), random))
                .orElse(src);
    }

    /** Returns a tensor of random bytes, or of random numbers between -1 and 1. */
    static Tensor random(Arena arena, DataType type, Shape shape, SplittableRandom random) {
        Tensor tensor = Tensor.allocate(arena, type, shape);
        MemorySegment data = tensor.data();
        for (long i = 0; i < data.byteSize() && !type.isFloating(); i++) {
            data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        for (long i = 0; i < shape.elements() && type.isFloating(); i++) {
            tensor.set(i, random.nextDouble(-1, 1));
        }
        return tensor;
    }

    /** Runs a kernel once and returns its result, which lives until this is closed. */
    Tensor run(MatMul kernel) {
        Tensor dst = Tensor.allocate(arena, spec.dst(), Shape.of(src.shape().dim(0), spec.n()));
        run(kernel, dst);
        return dst;
    }

    private void run(MatMul kernel, Tensor dst) {
        if (spec.paramsAtRun() && spec.residual().isPresent()) {
            kernel.run(src, 1f, 0, residual, dst);
        } else if (spec.paramsAtRun()) {
            kernel.run(src, 1f, 0, dst);
        } else if (spec.residual().isPresent()) {
            kernel.run(src, residual, dst);
        } else {
            kernel.run(src, dst);
        }
    }

    /**
     * Returns the time of one run of each kernel in microseconds.
     *
     * @param warmUpNanos how long each kernel runs before its time counts, for the JVM to compile it
     */
    double[] micros(List<MatMul> kernels, long warmUpNanos) {
        Tensor dst = Tensor.allocate(arena, spec.dst(), Shape.of(src.shape().dim(0), spec.n()));
        double[] best = new double[kernels.size()];
        Arrays.fill(best, Double.POSITIVE_INFINITY);
        for (int i = 0; i < best.length; i++) {
            long end = System.nanoTime() + warmUpNanos;
            do {
                best[i] = nanos(kernels.get(i), dst, 1);
            } while (System.nanoTime() < end);
        }
        int steady = 0;
        for (int round = 0; round < MOST_ROUNDS && (round < LEAST_ROUNDS || steady < STEADY_ROUNDS); round++) {
            steady++;
            for (int i = 0; i < best.length; i++) {
                double nanos = nanos(kernels.get(i), dst, Math.max(1, (long) (ROUND_NANOS / best[i])));
                steady = nanos < best[i] * NOTABLE ? 0 : steady;
                best[i] = Math.min(best[i], nanos);
            }
        }
        return Arrays.stream(best).map(nanos -> nanos / 1e3).toArray();
    }

    private double nanos(MatMul kernel, Tensor dst, long runs) {
        long start = System.nanoTime();
        for (long run = 0; run < runs; run++) {
            run(kernel, dst);
        }
        return (double) Math.max(1, System.nanoTime() - start) / runs;
    }

    @Override
    public void close() {
        arena.close();
    }
}
