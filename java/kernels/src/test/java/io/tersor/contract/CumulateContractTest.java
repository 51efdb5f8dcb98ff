package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.CumulateSpec;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Cumulative sums on every backend, bit for bit. */
@Tag("isa-tiers")
class CumulateContractTest {
    private static final Shape[] SHAPES = {Shape.of(1, 1, 1), Shape.of(3, 17, 1), Shape.of(9, 1031, 1),
        Shape.of(2, 5, 3), Shape.of(2, 33, 16), Shape.of(3, 7, 1030), Shape.of(1, 2100, 1), Shape.of(4, 0, 3),
        Shape.of(0, 4, 3), Shape.of(2, 3, 0), Shape.of(5, 31, 67),
        // What threads share.
        Shape.of(70, 1031, 1), Shape.of(40, 61, 31)};

    @TestFactory
    Stream<DynamicNode> sums() {
        List<ContractCase> cases = new ArrayList<>();
        for (int kind = 0; kind < 4; kind++) {
            for (Shape shape : SHAPES) {
                String id = "cumulate-" + cases.size();
                Draw draw = new Draw(id);
                double[] src = draw.values(F32, shape.elements());
                if (draw.below(3) == 0) {
                    draw.sprinkle(src, 2);
                }
                CumulateSpec spec = new CumulateSpec(kind % 2 != 0, kind / 2 != 0);
                UnaryCase one = new UnaryCase(id, spec, shape, src, Expected.exact(expected(spec, shape, src)));
                one = draw.below(2) == 0 ? one.overwriting() : one;
                cases.add(shape.elements() < 50_000 ? one : one.on(3));
            }
        }
        return ContractSuite.of(CumulateContractTest.class, cases);
    }

    private static double[] expected(CumulateSpec spec, Shape shape, double[] src) {
        int count = (int) shape.dim(1);
        int inner = (int) shape.dim(2);
        double[] values = new double[src.length];
        for (int line = 0; line < shape.dim(0) * inner; line++) {
            double sum = 0;
            for (int k = 0; k < count; k++) {
                int at = (line / inner * count + (spec.reverse() ? count - 1 - k : k)) * inner + line % inner;
                double next = sum + src[at];
                values[at] = (float) (spec.exclusive() ? sum : next);
                sum = next;
            }
        }
        return values;
    }
}
