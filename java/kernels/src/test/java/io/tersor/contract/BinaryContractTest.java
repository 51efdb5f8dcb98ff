package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Operations of two tensors with broadcasting on every backend, bit for bit but for powers. */
@Tag("isa-tiers")
class BinaryContractTest {
    static final Shape[][] SHAPES = {
        {Shape.of(), Shape.of(), Shape.of()}, {Shape.of(1), Shape.of(1), Shape.of(1)},
        {Shape.of(1031), Shape.of(1031), Shape.of(1031)}, {Shape.of(3, 17), Shape.of(17), Shape.of(3, 17)},
        {Shape.of(3, 17), Shape.of(3, 1), Shape.of(3, 17)},
        {Shape.of(2, 3, 1, 1), Shape.of(2, 3, 5, 7), Shape.of(2, 3, 5, 7)},
        {Shape.of(2, 5, 7, 3), Shape.of(2, 1, 1, 3), Shape.of(2, 5, 7, 3)},
        {Shape.of(4, 1), Shape.of(33), Shape.of(4, 33)},
        {Shape.of(2, 2500), Shape.of(), Shape.of(2, 2500)}, {Shape.of(0, 4), Shape.of(4), Shape.of(0, 4)},
        {Shape.of(3, 1, 2), Shape.of(1, 6, 1), Shape.of(3, 6, 2)}, {Shape.of(1), Shape.of(2100), Shape.of(2100)},
        // What threads share: one long run, a few of them, many short ones, more axes.
        {Shape.of(70_001), Shape.of(70_001), Shape.of(70_001)},
        {Shape.of(3, 20_001), Shape.of(3, 1), Shape.of(3, 20_001)},
        {Shape.of(1, 7), Shape.of(9_001, 7), Shape.of(9_001, 7)},
        {Shape.of(5, 1, 21, 31), Shape.of(17, 1, 31), Shape.of(5, 17, 21, 31)}};
    private static final int MANY = 40_000;

    private record BinaryCase(String id, BinarySpec spec, Shape[] shapes, double[] a, double[] b, boolean inPlace)
            implements ContractCase {
        @Override
        public String operands() {
            return shapes[0] + " and " + shapes[1] + (inPlace ? ", dst is a" : "");
        }

        @Override
        public int threads() {
            return shapes[2].elements() > MANY ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Tensor left = arena.tensor(F32, shapes[0], a);
            Tensor right = arena.tensor(F32, shapes[1], b);
            if (!inPlace) {
                arena.seal();
            }
            Tensor dst = inPlace ? left : arena.tensor(spec.dst(), shapes[2]);
            try (Binary kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(left, right, dst);
            }
            double[] values = new double[(int) shapes[2].elements()];
            double[] tolerances = new double[spec.operation() == BinarySpec.Operation.POW ? values.length : 0];
            for (int i = 0; i < values.length; i++) {
                float x = (float) a[index(shapes[0], shapes[2], i)];
                float y = (float) b[index(shapes[1], shapes[2], i)];
                values[i] = switch (spec.operation()) {
                    case ADD -> x + y;
                    case SUB -> x - y;
                    case MUL -> x * y;
                    case DIV -> x / y;
                    case MIN -> Math.min(x, y);
                    case MAX -> Math.max(x, y);
                    case PRELU -> x < 0 ? x * y : x;
                    case FMOD -> (double) x % y;
                    case MOD, AND, OR, XOR -> throw new IllegalStateException("of integers");
                    case POW -> x == 1 || x == -1 && Float.isInfinite(y) ? 1 : Math.pow(x, y);
                    case EQUAL -> x == y ? 1 : 0;
                    case LESS -> x < y ? 1 : 0;
                    case LESS_OR_EQUAL -> x <= y ? 1 : 0;
                    case GREATER -> x > y ? 1 : 0;
                    case GREATER_OR_EQUAL -> x >= y ? 1 : 0;
                };
                if (tolerances.length > 0) {
                    float rounded = (float) values[i];
                    tolerances[i] = Float.isFinite(rounded) ? 2.5 * Math.ulp(Math.max(Math.abs(rounded),
                            Float.MIN_NORMAL)) : 0;
                    values[i] = rounded;
                }
            }
            Expected.within(values, tolerances).check(dst, candidate.backend());
        }
    }

    /** Returns which element of an operand serves an element of the result. */
    static int index(Shape shape, Shape dst, int element) {
        int index = 0;
        int rest = element;
        int stride = 1;
        for (int axis = 1; axis <= dst.rank(); axis++) {
            int extent = (int) dst.dim(-axis);
            if (axis <= shape.rank()) {
                index += shape.dim(-axis) == 1 ? 0 : rest % extent * stride;
                stride *= (int) shape.dim(-axis);
            }
            rest /= extent;
        }
        return index;
    }

    @TestFactory
    Stream<DynamicNode> operations() {
        List<ContractCase> cases = new ArrayList<>();
        for (BinarySpec.Operation operation : BinarySpec.Operation.values()) {
            if (!operation.covers(F32)) {
                continue;
            }
            for (Shape[] shapes : SHAPES) {
                if (shapes[2].elements() > MANY && operation != BinarySpec.Operation.SUB
                        && operation != BinarySpec.Operation.LESS) {
                    continue;
                }
                String id = "binary-" + cases.size();
                Draw draw = new Draw(id);
                double[] a = draw.values(F32, shapes[0].elements());
                double[] b = draw.values(F32, shapes[1].elements());
                draw.sprinkle(a, 2);
                draw.sprinkle(b, 2);
                // Some pairs of equals.
                for (int i = 0; i < Math.min(a.length, b.length); i += 3) {
                    b[i] = a[i];
                }
                cases.add(new BinaryCase(id, new BinarySpec(operation), shapes, a, b,
                        shapes[0].equals(shapes[2]) && draw.below(2) == 0
                                && !operation.compares()));
            }
        }
        return ContractSuite.of(BinaryContractTest.class, cases);
    }
}
