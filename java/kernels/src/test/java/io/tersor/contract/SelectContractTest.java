package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
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

/** Choices between two tensors with broadcasting on every backend, bit for bit. */
@Tag("isa-tiers")
class SelectContractTest {
    /** The condition, a, b, and dst. */
    private static final Shape[][] SHAPES = {
        {Shape.of(), Shape.of(), Shape.of(), Shape.of()}, {Shape.of(1031), Shape.of(1031), Shape.of(1031),
                Shape.of(1031)},
        {Shape.of(3, 17), Shape.of(17), Shape.of(), Shape.of(3, 17)},
        {Shape.of(3, 1), Shape.of(3, 17), Shape.of(17), Shape.of(3, 17)},
        {Shape.of(1, 1, 5, 7), Shape.of(2, 3, 5, 7), Shape.of(1), Shape.of(2, 3, 5, 7)},
        {Shape.of(2, 3, 1, 1), Shape.of(7), Shape.of(2, 1, 5, 1), Shape.of(2, 3, 5, 7)},
        {Shape.of(4, 1), Shape.of(33), Shape.of(1, 33), Shape.of(4, 33)},
        {Shape.of(2, 1, 3, 1, 2), Shape.of(1, 4, 1, 5, 1), Shape.of(2, 4, 3, 5, 2), Shape.of(2, 4, 3, 5, 2)},
        {Shape.of(0, 4), Shape.of(4), Shape.of(0, 4), Shape.of(0, 4)},
        {Shape.of(400_001), Shape.of(400_001), Shape.of(), Shape.of(400_001)},
        {Shape.of(300, 1), Shape.of(7, 1, 1001), Shape.of(1001), Shape.of(7, 300, 1001)}};

    private record SelectCase(String id, SelectSpec spec, Shape[] shapes, double[][] values) implements ContractCase {
        @Override
        public String operands() {
            return List.of(shapes).toString();
        }

        @Override
        public int threads() {
            return shapes[3].elements() > 100_000 ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Tensor condition = arena.tensor(DataType.BOOL, shapes[0], values[0]);
            Tensor a = arena.tensor(spec.type(), shapes[1], values[1]);
            Tensor b = arena.tensor(spec.type(), shapes[2], values[2]);
            arena.seal();
            Tensor dst = arena.tensor(spec.type(), shapes[3]);
            try (Select kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(condition, a, b, dst);
            }
            double[] expected = new double[(int) shapes[3].elements()];
            for (int i = 0; i < expected.length; i++) {
                int chosen = values[0][BinaryContractTest.index(shapes[0], shapes[3], i)] != 0 ? 1 : 2;
                expected[i] = values[chosen][BinaryContractTest.index(shapes[chosen], shapes[3], i)];
            }
            Expected.exact(expected).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> choices() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {DataType.F32, DataType.U8, DataType.BF16, DataType.S64}) {
            for (Shape[] shapes : SHAPES) {
                String id = "select-" + cases.size();
                Draw draw = new Draw(id);
                DataType drawn = type == DataType.S64 ? DataType.S32 : type;
                double[] condition = new double[(int) shapes[0].elements()];
                for (int i = 0; i < condition.length; i++) {
                    condition[i] = draw.below(2);
                }
                cases.add(new SelectCase(id, new SelectSpec(type), shapes, new double[][] {condition,
                    draw.values(drawn, shapes[1].elements()), draw.values(drawn, shapes[2].elements())}));
            }
        }
        return ContractSuite.of(SelectContractTest.class, cases);
    }

    @Test
    void packedElementsAreRefused() {
        assertThrows(OperandException.class, () -> new SelectSpec(DataType.S4));
    }
}
