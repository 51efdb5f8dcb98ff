package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
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

/** Normalization of the last axis on every backend, against the formula in binary64. */
@Tag("isa-tiers")
class LayerNormContractTest {
    private static final int[] COLUMNS = {1, 2, 7, 15, 16, 17, 31, 32, 33, 64, 100, 768, 1029};

    private record LayerNormCase(String id, LayerNormSpec spec, int rows, double[] src, double[] scale, double[] bias,
            boolean inPlace, int threads) implements ContractCase {
        @Override
        public String operands() {
            return rows + " rows" + (inPlace ? ", in place" : "");
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Shape shape = Shape.of(rows, spec.columns());
            Tensor from = arena.tensor(F32, shape, src);
            Tensor scales = arena.tensor(F32, Shape.of(spec.columns()), scale);
            Optional<Tensor> biases = spec.biased() ? Optional.of(arena.tensor(F32, Shape.of(spec.columns()), bias))
                    : Optional.empty();
            if (!inPlace) {
                arena.seal();
            }
            Tensor dst = inPlace ? from : arena.tensor(spec.dst(), shape);
            try (LayerNorm kernel = candidate.registry().prepare(spec, scales, biases,
                    candidate.options(parallelism))) {
                kernel.run(from, dst);
            }
            expected().check(dst, candidate.backend());
        }

        private Expected expected() {
            int columns = spec.columns();
            double[] values = new double[src.length];
            double[] tolerances = new double[src.length];
            for (int row = 0; row < src.length; row += columns) {
                double mean = spec.centered() ? Arrays.stream(src, row, row + columns).sum() / columns : 0;
                double variance = Arrays.stream(src, row, row + columns).map(x -> (x - mean) * (x - mean)).sum()
                        / columns;
                double largest = Arrays.stream(src, row, row + columns).map(Math::abs).max().orElseThrow();
                double factor = 1 / Math.sqrt(variance + spec.epsilon());
                for (int i = 0; i < columns; i++) {
                    double offset = spec.biased() ? bias[i] : 0;
                    double y = (src[row + i] - mean) * factor * scale[i] + offset;
                    double tolerance = 0x1p-16 * (Math.abs(y) + Math.abs(offset)
                            + Math.abs(scale[i]) * largest * factor);
                    values[row + i] = spec.dst() == F32 ? y : level(y);
                    tolerances[row + i] = spec.dst() == F32 ? tolerance
                            : Math.ceil(tolerance / spec.dstParams().scale());
                }
            }
            return Expected.within(values, tolerances);
        }

        private double level(double y) {
            return Math.clamp(Math.rint(y / spec.dstParams().scale()) + spec.dstParams().zeroPoint(),
                    spec.dst().min(), spec.dst().max());
        }
    }

    @TestFactory
    Stream<DynamicNode> normalizations() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType dst : new DataType[] {F32, U8, S8}) {
            for (int columns : COLUMNS) {
                for (int kind = 0; kind < 4; kind++) {
                    String id = "norm_" + dst + "-" + cases.size();
                    Draw draw = new Draw(id);
                    int rows = draw.below(5) == 0 ? 0 : 1 + draw.below(40);
                    double shift = kind == 3 ? 10 : 0;
                    double[] src = Arrays.stream(draw.values(F32, (long) rows * columns)).map(x -> (float) (x + shift))
                            .toArray();
                    QuantParams params = dst == F32 ? QuantParams.IDENTITY
                            : QuantParams.perTensor(0.03f, Draw.zeroPoint(dst, draw.below(4)));
                    LayerNormSpec spec = new LayerNormSpec(kind % 2 == 0 || kind == 3, columns, 1e-5f, kind > 1, dst,
                            params);
                    cases.add(new LayerNormCase(id, spec, rows, src, draw.values(F32, columns),
                            draw.values(F32, columns), dst == F32 && draw.below(2) == 0, kind == 2 ? 3 : 1));
                }
            }
        }
        return ContractSuite.of(LayerNormContractTest.class, cases);
    }
}
