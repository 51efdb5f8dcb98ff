package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Levels and results around an integer product on every backend: bits against the formulas, sums against real ones. */
@Tag("isa-tiers")
class DynamicQuantizerContractTest {
    private static final int[] EXTENTS = {1, 2, 15, 16, 17, 33, 100, 1024, 1031};
    private static final int THREADS = 3;

    /**
     * @param x [m, k], elements that f32 has
     * @param weights [k, n], levels less their zero points
     * @param bias [n] or empty
     */
    private record QuantizerCase(String id, DynamicQuantizerSpec spec, int m, double[] x, int[] weights,
            QuantParams params, double[] bias, int threads) implements ContractCase {
        @Override
        public String operands() {
            return "m=" + m + " bias=" + (bias.length > 0);
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            int planes = spec.levels().planes();
            Tensor src = arena.tensor(F32, Shape.of(m, spec.k()), x);
            Tensor columnSums = arena.tensor(S32, Shape.of(spec.n()), columnSums());
            Optional<Tensor> added = bias.length > 0 ? Optional.of(arena.tensor(F32, Shape.of(spec.n()), bias))
                    : Optional.empty();
            Tensor levels = arena.tensor(U8, Shape.of((long) planes * m, spec.k()));
            boolean bytes = spec.levels() == Levels.BYTES;
            Tensor scales = arena.tensor(F32, Shape.of(bytes ? 1 : m, 2));
            Tensor sums = arena.tensor(S32, Shape.of((long) planes * m, spec.n()));
            Tensor dst = arena.strided(F32, Shape.of(m, spec.n()), spec.n() + 3L, 1);
            double[][] expected = levels();
            try (DynamicQuantizer kernel = candidate.registry().prepare(spec, params, columnSums, added,
                    candidate.options(parallelism))) {
                kernel.quantize(src, levels, scales);
                Expected.exact(expected[0]).check(levels, candidate.backend());
                Expected.exact(expected[1]).check(scales, candidate.backend());
                if (bytes) {
                    return;
                }
                GuardedArena.fill(sums, sums(expected[0]));
                kernel.dequantize(sums, scales, dst);
            }
            result(expected).check(dst, candidate.backend());
        }

        private double[] columnSums() {
            double[] columnSums = new double[spec.n()];
            for (int i = 0; i < weights.length; i++) {
                columnSums[i % spec.n()] += weights[i];
            }
            return columnSums;
        }

        /** The levels, and the scale and zero point of each row. */
        private double[][] levels() {
            double[] levels = new double[spec.levels().planes() * x.length];
            double[] scales = new double[spec.levels() == Levels.BYTES ? 2 : 2 * m];
            if (spec.levels() == Levels.BYTES) {
                float lo = (float) Math.min(0, Arrays.stream(x).min().orElse(0));
                float hi = (float) Math.max(0, Arrays.stream(x).max().orElse(0));
                float scale = hi == lo ? 1 : (hi - lo) / 255;
                double zeroPoint = Math.max(0, Math.min(255, Math.rint(-lo / scale)));
                for (int i = 0; i < x.length; i++) {
                    levels[i] = Double.isNaN(scale) || Double.isNaN((float) x[i] / scale) ? 0
                            : Math.max(0, Math.min(255, Math.rint((float) x[i] / scale) + zeroPoint));
                }
                scales[0] = scale;
                scales[1] = Double.isNaN(zeroPoint) ? 0 : zeroPoint;
                return new double[][] {levels, scales};
            }
            for (int row = 0; row < m; row++) {
                double largest = 0;
                for (int i = 0; i < spec.k(); i++) {
                    largest = Math.max(largest, Math.abs(x[row * spec.k() + i]));
                }
                double unit = 0x1p-149;
                while (unit * 0x1p22 <= largest && unit < 0x1p110) {
                    unit *= 2;
                }
                boolean finite = largest < Double.POSITIVE_INFINITY;
                boolean zeros = !finite || largest < 0x1p-100;
                scales[2 * row] = !finite ? Double.NaN : zeros ? 0 : unit;
                for (int i = 0; i < spec.k(); i++) {
                    int at = row * spec.k() + i;
                    int fixed = (1 << 22) + (zeros ? 0 : (int) Math.rint(x[at] / unit));
                    for (int plane = 0; plane < 3; plane++) {
                        levels[plane * x.length + at] = fixed >> 8 * plane & 255;
                    }
                }
            }
            return new double[][] {levels, scales};
        }

        private double[] sums(double[] levels) {
            int rows = spec.levels().planes() * m;
            double[] sums = new double[rows * spec.n()];
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < spec.k(); i++) {
                    for (int j = 0; j < spec.n(); j++) {
                        sums[row * spec.n() + j] += levels[row * spec.k() + i] * weights[i * spec.n() + j];
                    }
                }
            }
            return sums;
        }

        /** Real sums of x. */
        private Expected result(double[][] expected) {
            double[] dst = new double[m * spec.n()];
            double[] tolerances = new double[dst.length];
            for (int at = 0; at < dst.length; at++) {
                int row = at / spec.n();
                int j = at % spec.n();
                double scale = params.scale(params.isPerTensor() ? 0 : j);
                double largest = 0;
                double absolute = 0;
                for (int i = 0; i < spec.k(); i++) {
                    int from = row * spec.k() + i;
                    double weight = weights[i * spec.n() + j] * scale;
                    dst[at] += x[from] * weight;
                    absolute += Math.abs(weight);
                    largest = Math.max(largest, Math.abs(x[from]));
                }
                double bound = 0x1p-22 * (Math.abs(dst[at]) + (bias.length > 0 ? Math.abs(bias[j]) : 0));
                tolerances[at] = bound + 0x1p-21 * largest * absolute + 0x1p-100 * absolute;
                dst[at] += bias.length > 0 ? bias[j] : 0;
                dst[at] = Double.isNaN(expected[1][2 * row]) ? Double.NaN : dst[at];
            }
            return Expected.within(dst, tolerances);
        }
    }

    private static QuantizerCase draw(String id, Levels levels, int k, int n, int threads) {
        Draw draw = new Draw(id);
        int m = threads > 1 ? (levels == Levels.BYTES ? 200_000 / k : 4096 / n) + 1 : 1 + draw.below(4);
        double[] x = draw.values(F32, (long) m * k);
        if (levels == Levels.FIXED_POINT) {
            draw.unusualRows(x, k);
        }
        if (draw.below(8) == 0) {
            x[draw.below(x.length)] = Double.NaN;
        } else if (draw.below(4) == 0) {
            Arrays.setAll(x, i -> Math.abs(Math.scalb(x[i], 3)));
        } else if (draw.below(8) == 0) {
            Arrays.fill(x, 0);
        }
        int[] weights = new int[k * n];
        Arrays.setAll(weights, _ -> draw.below(256) - 128);
        double[] bias = draw.below(2) == 0 ? new double[0] : draw.values(F32, n);
        return new QuantizerCase(id, new DynamicQuantizerSpec(levels, k, n), m, x, weights,
                draw.weightsParams(n, 1, draw.below(2) == 0, Draw.WeightZeros.NONE), bias, threads);
    }

    @TestFactory
    Stream<DynamicNode> quantizers() {
        List<ContractCase> cases = new ArrayList<>();
        for (Levels levels : Levels.values()) {
            boolean bytes = levels == Levels.BYTES;
            for (int k : EXTENTS) {
                for (int n : bytes ? new int[] {1, 1, 1, 1, 1} : new int[] {1, 7, 16, 37, 64}) {
                    cases.add(draw(levels + "-" + cases.size(), levels, k, n, 1));
                }
            }
            cases.add(draw(levels + "_threads-" + cases.size(), levels, 67, bytes ? 1 : 16, THREADS));
            cases.add(draw(levels + "_threads-" + cases.size(), levels, 1040, bytes ? 1 : 33, THREADS));
        }
        return ContractSuite.of(DynamicQuantizerContractTest.class, cases);
    }
}
