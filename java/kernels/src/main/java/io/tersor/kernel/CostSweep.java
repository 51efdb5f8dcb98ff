package io.tersor.kernel;

import io.tersor.TersorException;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Measures a {@link CostTable} of this machine at the instruction set in use: every backend but scalar on a grid of
 * matrix multiplications with bias, ReLU and, for bytes, a scale per column, on one thread. Before a point is timed the
 * backends must agree on its result, at small points with scalar too.
 *
 * @param registry the backends
 * @param rows the values of m, each at least 1
 * @param sizes the values of k and of n, each at least 1
 */
public record CostSweep(KernelRegistry registry, List<Integer> rows, List<Integer> sizes) {
    private static final long WARM_UP_NANOS = 150_000_000;
    private static final long SCALAR_PRODUCTS = 1 << 20;
    /** Of a float result, for each of k products of numbers between -1 and 1. */
    private static final double TOLERANCE = 0x1p-20;

    /** The types that are measured; each of src, weights and dst. */
    private enum Types {
        U8S8(DataType.U8, DataType.S8, DataType.U8),
        S8S8(DataType.S8, DataType.S8, DataType.S8),
        F32(DataType.F32, DataType.F32, DataType.F32),
        BF16(DataType.BF16, DataType.BF16, DataType.F32),
        F32S8(DataType.F32, DataType.S8, DataType.F32);

        private final DataType src;
        private final DataType weights;
        private final DataType dst;

        Types(DataType src, DataType weights, DataType dst) {
            this.src = src;
            this.weights = weights;
            this.dst = dst;
        }

        private MatMulSpec spec(int k, int n) {
            float[] scales = new float[n];
            Arrays.fill(scales, 1f / 128);
            QuantParams perColumn = weights == DataType.S8 ? QuantParams.perChannel(1, scales) : QuantParams.IDENTITY;
            return new MatMulSpec(src, weights, dst, k, n,
                    src.isFloating() ? QuantParams.IDENTITY : QuantParams.perTensor(1f / 128, src == DataType.U8 ? 128 : 0),
                    perColumn, dst.isFloating() ? QuantParams.IDENTITY : QuantParams.perTensor(k / 512f, 0), Bias.F32,
                    Activation.RELU);
        }
    }

    /** Copies the lists. */
    public CostSweep {
        rows = List.copyOf(rows);
        sizes = List.copyOf(sizes);
    }

    /** Returns the number of points. */
    public int points() {
        return Types.values().length * sizes.size() * sizes.size() * rows.size();
    }

    /**
     * Measures all points.
     *
     * @param progress called after each of them
     * @throws TersorException if two backends disagree on a result
     */
    public CostTable run(Runnable progress) {
        List<CostTable.Row> table = new ArrayList<>();
        for (Types types : Types.values()) {
            warmUp(types);
            for (int k : sizes) {
                for (int n : sizes) {
                    measure(types.spec(k, n), table, progress);
                }
            }
        }
        String libraries = registry.statuses().stream().filter(BackendStatus.Available.class::isInstance)
                .map(BackendStatus.Available.class::cast).filter(status -> status.backend() != Backend.SCALAR)
                .map(status -> status.backend().label() + " " + status.version() + " " + status.isa())
                .collect(Collectors.joining("; "));
        return new CostTable(Isa.used().label(), CpuFeatures.detect().model(), libraries, LocalDate.now().toString(),
                table);
    }

    private List<Backend> backends(MatMulSpec spec) {
        return Arrays.stream(Backend.values()).filter(backend -> backend != Backend.SCALAR)
                .filter(backend -> registry.refusal(backend, spec).isEmpty()).toList();
    }

    /** Leaves the JVM with compiled code: points of smallest and middle size reach all loops, tails included. */
    private void warmUp(Types types) {
        for (int k : ends(sizes)) {
            for (int n : ends(sizes)) {
                try (Arena arena = Arena.ofConfined()) {
                    MatMulSpec spec = types.spec(k, n);
                    Operands operands = constants(arena, spec);
                    ends(rows).forEach(m -> point(spec, m, operands, WARM_UP_NANOS));
                }
            }
        }
    }

    private static List<Integer> ends(List<Integer> values) {
        return Stream.of(values.getFirst(), values.get(values.size() / 2)).distinct().toList();
    }

    private void measure(MatMulSpec spec, List<CostTable.Row> table, Runnable progress) {
        try (Arena arena = Arena.ofConfined()) {
            Operands operands = constants(arena, spec);
            for (int m : rows) {
                table.addAll(point(spec, m, operands, 0));
                progress.run();
            }
        }
    }

    private record Operands(Tensor weights, Tensor bias) {}

    private static Operands constants(Arena arena, MatMulSpec spec) {
        SplittableRandom random = new SplittableRandom(spec.k());
        return new Operands(KernelTimer.random(arena, spec.weights(), Shape.of(spec.k(), spec.n()), random),
                KernelTimer.random(arena, DataType.F32, Shape.of(spec.n()), random));
    }

    private List<CostTable.Row> point(MatMulSpec spec, int m, Operands operands, long warmUpNanos) {
        List<MatMul> kernels = new ArrayList<>();
        try (KernelTimer timer = new KernelTimer(spec, m)) {
            for (Backend backend : backends(spec)) {
                kernels.add(prepare(spec, m, operands, backend));
            }
            if (kernels.isEmpty()) {
                return List.of();
            }
            verify(spec, m, operands, kernels, timer);
            double[] micros = timer.micros(kernels, warmUpNanos);
            List<CostTable.Row> measured = new ArrayList<>();
            for (int i = 0; i < micros.length; i++) {
                measured.add(new CostTable.Row(CostTable.MATMUL, CostTable.types(spec), m, spec.k(), spec.n(),
                        kernels.get(i).backend(), 1, micros[i]));
            }
            return measured;
        } finally {
            kernels.forEach(MatMul::close);
        }
    }

    private MatMul prepare(MatMulSpec spec, int m, Operands operands, Backend backend) {
        return registry.prepare(spec, operands.weights, Optional.of(operands.bias),
                PrepareOptions.DEFAULT.on(backend).rows(m));
    }

    private void verify(MatMulSpec spec, int m, Operands operands, List<MatMul> kernels, KernelTimer timer) {
        MatMul first = kernels.getFirst();
        Tensor expected = timer.run(first);
        for (MatMul kernel : kernels.subList(1, kernels.size())) {
            verify(spec, m, first, expected, kernel, timer.run(kernel));
        }
        if (m * spec.k() * spec.n() <= SCALAR_PRODUCTS) {
            try (MatMul scalar = prepare(spec, m, operands, Backend.SCALAR)) {
                verify(spec, m, first, expected, scalar, timer.run(scalar));
            }
        }
    }

    private static void verify(MatMulSpec spec, int m, MatMul first, Tensor expected, MatMul second, Tensor found) {
        // oneDNN rounds once more than the others before it stores a byte.
        double tolerance = spec.dst().isFloating() ? spec.k() * TOLERANCE : 1;
        for (long i = 0; i < expected.shape().elements(); i++) {
            double difference = Math.abs(expected.get(i) - found.get(i));
            if (!(difference <= tolerance)) {
                throw new TersorException(spec.name() + " m=" + m + " k=" + spec.k() + " n=" + spec.n() + ": "
                        + first.describe() + " and " + second.describe() + " differ by " + difference + " at " + i);
            }
        }
    }
}
