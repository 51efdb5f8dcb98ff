package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.ReduceSpec;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Reductions on every backend against binary64. */
@Tag("isa-tiers")
class ReduceContractTest {
    private static final Shape[] SHAPES = {Shape.of(1, 1, 1), Shape.of(3, 17, 1), Shape.of(2, 1031, 1),
        Shape.of(2, 5, 3), Shape.of(2, 33, 16), Shape.of(3, 7, 1030), Shape.of(1, 2100, 1), Shape.of(4, 0, 3),
        Shape.of(0, 4, 3), Shape.of(2, 0, 1), Shape.of(5, 31, 31),
        // What threads share.
        Shape.of(70, 1031, 1), Shape.of(40, 61, 31)};

    @TestFactory
    Stream<DynamicNode> reductions() {
        List<ContractCase> cases = new ArrayList<>();
        for (ReduceSpec.Kind kind : ReduceSpec.Kind.values()) {
            for (Shape shape : SHAPES) {
                String id = "reduce-" + cases.size();
                Draw draw = new Draw(id);
                double[] src = draw.values(F32, shape.elements());
                if (draw.below(3) == 0) {
                    draw.sprinkle(src, 2);
                }
                UnaryCase one = new UnaryCase(id, new ReduceSpec(kind), shape, src, expected(kind, shape, src));
                cases.add(draw.below(2) == 0 && shape.elements() < 50_000 ? one : one.on(3));
            }
        }
        return ContractSuite.of(ReduceContractTest.class, cases);
    }

    private static Expected expected(ReduceSpec.Kind kind, Shape shape, double[] src) {
        int count = (int) shape.dim(1);
        int inner = (int) shape.dim(2);
        double[] values = new double[(int) shape.dim(0) * inner];
        double[] tolerances = new double[values.length];
        for (int to = 0; to < values.length; to++) {
            double sum = 0;
            double magnitudes = 0;
            double squares = 0;
            double max = Double.NEGATIVE_INFINITY;
            double min = Double.POSITIVE_INFINITY;
            for (int r = 0; r < count; r++) {
                double x = src[(to / inner * count + r) * inner + to % inner];
                sum += x;
                magnitudes += Math.abs(x);
                squares += x * x;
                max = Math.max(max, x);
                min = Math.min(min, x);
            }
            double exact = switch (kind) {
                case SUM -> sum;
                case MEAN -> sum / count;
                case MAX -> max;
                case MIN -> min;
                case L1 -> magnitudes;
                case L2 -> Math.sqrt(squares);
                case SUM_SQUARE -> squares;
                case LOG_SUM -> Math.log(sum);
            };
            values[to] = (float) exact;
            double scale = switch (kind) {
                case SUM, L1 -> magnitudes;
                case MEAN -> magnitudes / count;
                case SUM_SQUARE -> squares;
                case L2 -> exact;
                case LOG_SUM -> magnitudes / Math.abs(sum) + Math.abs(exact);
                case MAX, MIN -> 0;
            };
            tolerances[to] = Double.isFinite(scale) ? scale * 0x1p-22 : 0;
        }
        return Expected.within(values, tolerances);
    }
}
