package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Operations of two tensors of integers with broadcasting on every backend, bit for bit. */
@Tag("isa-tiers")
class IntegerContractTest {
    private static final int MANY = 40_000;

    private record IntegerCase(String id, BinarySpec spec, Shape[] shapes, double[] a, double[] b, boolean inPlace)
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
            Tensor left = arena.tensor(spec.a(), shapes[0], a);
            Tensor right = arena.tensor(spec.b(), shapes[1], b);
            if (!inPlace) {
                arena.seal();
            }
            Tensor dst = inPlace ? left : arena.tensor(spec.dst(), shapes[2]);
            try (Binary kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(left, right, dst);
            }
            double[] values = new double[(int) shapes[2].elements()];
            for (int i = 0; i < values.length; i++) {
                long x = (long) a[BinaryContractTest.index(shapes[0], shapes[2], i)];
                long y = (long) b[BinaryContractTest.index(shapes[1], shapes[2], i)];
                long exact = switch (spec.operation()) {
                    case ADD -> x + y;
                    case SUB -> x - y;
                    case MUL -> x * y;
                    case DIV -> y == 0 ? 0 : Math.abs(x) / Math.abs(y) * Long.signum(x) * Long.signum(y);
                    case MOD -> y == 0 ? 0 : x - y * Math.floorDiv(x, y);
                    case MIN -> x <= y ? x : y;
                    case MAX -> x >= y ? x : y;
                    case AND -> x & y;
                    case OR -> x | y;
                    case XOR -> x ^ y;
                    case EQUAL -> x == y ? 1 : 0;
                    case LESS -> x < y ? 1 : 0;
                    case LESS_OR_EQUAL -> x <= y ? 1 : 0;
                    case GREATER -> x > y ? 1 : 0;
                    case GREATER_OR_EQUAL -> x >= y ? 1 : 0;
                    case PRELU, FMOD, POW -> throw new IllegalStateException("of floats");
                };
                values[i] = spec.dst() == DataType.S32 ? (int) exact : exact;
            }
            Expected.exact(values).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> operations() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {DataType.BOOL, DataType.S32, DataType.S64}) {
            for (BinarySpec.Operation operation : BinarySpec.Operation.values()) {
                for (Shape[] shapes : BinaryContractTest.SHAPES) {
                    boolean many = shapes[2].elements() > MANY;
                    if (!operation.covers(type) || many && operation != BinarySpec.Operation.XOR
                            && operation != BinarySpec.Operation.GREATER) {
                        continue;
                    }
                    String id = "integer-" + cases.size();
                    Draw draw = new Draw(id);
                    double[] a = values(draw, type, shapes[0].elements());
                    double[] b = values(draw, type, shapes[1].elements());
                    for (int i = 0; i < Math.min(a.length, b.length); i += 3) {
                        b[i] = a[i];
                    }
                    cases.add(new IntegerCase(id, new BinarySpec(operation, type), shapes, a, b,
                            shapes[0].equals(shapes[2]) && draw.below(2) == 0 && !operation.compares()));
                }
            }
        }
        return ContractSuite.of(IntegerContractTest.class, cases);
    }

    /** Half of them small, with zeros among them. */
    private static double[] values(Draw draw, DataType type, long count) {
        double[] values = draw.values(DataType.S32, count);
        for (int i = 0; i < values.length; i++) {
            values[i] = type == DataType.BOOL ? draw.below(2) : draw.below(2) == 0 ? draw.below(9) - 4 : values[i];
        }
        return values;
    }

    @Test
    void onlyWhatThereIs() {
        assertThrows(OperandException.class, () -> new BinarySpec(BinarySpec.Operation.ADD, DataType.BOOL));
        assertThrows(OperandException.class, () -> new BinarySpec(BinarySpec.Operation.AND, DataType.F32));
        assertThrows(OperandException.class, () -> new BinarySpec(BinarySpec.Operation.POW, DataType.S64));
        assertThrows(OperandException.class, () -> new BinarySpec(BinarySpec.Operation.ADD, DataType.U16));
    }
}
