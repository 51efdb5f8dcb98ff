package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.kernel.RecurrentCellSpec.Kind;
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

/** Recurrent cells on every backend against ONNX's formulas in binary64. */
@Tag("isa-tiers")
class RecurrentCellContractTest {
    private static final int[] HIDDEN = {1, 2, 15, 16, 17, 33, 64, 100, 1024, 1031};
    private static final double TOLERANCE = 2e-6;
    private static final int ROWS = 3;

    private record CellCase(String id, RecurrentCellSpec spec, double[] x, double[] r, double[] h, double[] c, double[] p)
            implements ContractCase {
        @Override
        public String operands() {
            return ROWS + " rows";
        }

        private Tensor matrix(GuardedArena arena, double[] values, int columns) {
            return arena.tensor(F32, Shape.of(ROWS, columns), values);
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            int hidden = spec.hidden();
            Tensor xs = matrix(arena, x, spec.columns());
            Tensor rs = matrix(arena, r, spec.columns());
            Optional<Tensor> peepholes = spec.peepholes() ? Optional.of(arena.tensor(F32, Shape.of(3L * hidden), p))
                    : Optional.empty();
            Tensor hs = matrix(arena, h, hidden);
            Tensor cs = matrix(arena, c, hidden);
            double[] nextH = h.clone();
            double[] nextC = c.clone();
            int row = 1;
            reference(row, nextH, nextC);
            try (RecurrentCell kernel = candidate.registry().prepare(spec, peepholes, candidate.options(parallelism))) {
                if (spec.kind() == Kind.GRU) {
                    kernel.reset(xs, 2, rs, hs, cs, row);
                    nextC = reset(row);
                }
                kernel.run(xs, 2, rs, hs, cs, row);
            }
            within(nextH).check(hs, candidate.backend());
            within(nextC).check(cs, candidate.backend());
        }

        private static Expected within(double[] values) {
            return Expected.within(values, Arrays.stream(values).map(y -> TOLERANCE * Math.max(1, Math.abs(y))).toArray());
        }

        private double bound(double a) {
            return Math.max(-spec.clip(), Math.min(spec.clip(), a));
        }

        /** The sum of both products of a gate; x is that of row 2. */
        private double sum(int row, int gate, int i) {
            return x[2 * spec.columns() + gate * spec.hidden() + i] + r[row * spec.columns() + gate * spec.hidden() + i];
        }

        private static double sigmoid(double a) {
            return 1 / (1 + Math.exp(-a));
        }

        private double[] reset(int row) {
            double[] scaled = c.clone();
            for (int i = 0; i < spec.hidden(); i++) {
                scaled[row * spec.hidden() + i] = sigmoid(bound(sum(row, 1, i))) * h[row * spec.hidden() + i];
            }
            return scaled;
        }

        private void reference(int row, double[] nextH, double[] nextC) {
            int hidden = spec.hidden();
            for (int i = 0; i < hidden; i++) {
                int at = row * hidden + i;
                switch (spec.kind()) {
                    case RNN -> nextH[at] = sigmoid(bound(sum(row, 0, i)));
                    case GRU -> {
                        double z = sigmoid(bound(sum(row, 0, i)));
                        double product = r[row * spec.columns() + 2 * hidden + i];
                        double gate = spec.resetAfter() ? sigmoid(bound(sum(row, 1, i))) : 1;
                        double n = Math.tanh(bound(x[2 * spec.columns() + 2 * hidden + i] + gate * product));
                        nextH[at] = (1 - z) * n + z * h[at];
                    }
                    default -> {
                        double[] w = spec.peepholes() ? p : new double[3 * hidden];
                        double in = sigmoid(bound(sum(row, 0, i) + w[i] * c[at]));
                        double forget = spec.coupled() ? 1 - in : sigmoid(bound(sum(row, 2, i) + w[2 * hidden + i] * c[at]));
                        nextC[at] = forget * c[at] + in * Math.tanh(bound(sum(row, 3, i)));
                        nextH[at] = sigmoid(bound(sum(row, 1, i) + w[hidden + i] * nextC[at])) * Math.tanh(nextC[at]);
                    }
                }
            }
        }
    }

    @TestFactory
    Stream<DynamicNode> cells() {
        MapSpec sigmoid = new MapSpec(MapFunction.SIGMOID);
        MapSpec tanh = new MapSpec(MapFunction.TANH, 1, 1);
        List<ContractCase> cases = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (int hidden : HIDDEN) {
                for (int option = 0; option < 4; option++) {
                    String id = "cell-" + cases.size();
                    Draw draw = new Draw(id);
                    boolean lstm = kind == Kind.LSTM;
                    RecurrentCellSpec spec = new RecurrentCellSpec(kind, hidden, sigmoid, tanh, tanh,
                            option == 3 ? 0.5f : Float.POSITIVE_INFINITY, lstm && option == 1,
                            kind == Kind.GRU && option % 2 == 1, lstm && option >= 2);
                    cases.add(new CellCase(id, spec, draw.values(F32, (long) ROWS * spec.columns()),
                            draw.values(F32, (long) ROWS * spec.columns()), draw.values(F32, (long) ROWS * hidden),
                            draw.values(F32, (long) ROWS * hidden), draw.values(F32, 3L * hidden)));
                }
            }
        }
        return ContractSuite.of(RecurrentCellContractTest.class, cases);
    }
}
