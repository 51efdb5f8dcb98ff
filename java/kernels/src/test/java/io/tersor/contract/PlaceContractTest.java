package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Unary;
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

/** Parts of tensors on every backend, bit for bit; what is beside the part stays. */
@Tag("isa-tiers")
class PlaceContractTest {
    private record PlaceCase(String id, PlaceSpec spec) implements ContractCase {
        @Override
        public String operands() {
            return spec.src() + " into " + spec.dst() + " along " + spec.axis() + " at " + spec.at();
        }

        @Override
        public int threads() {
            return spec.dst().elements() > 1_000_000 ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Draw draw = new Draw(id);
            double[] values = draw.values(DataType.U8, spec.src().elements());
            double[] expected = draw.values(DataType.U8, spec.dst().elements());
            Tensor src = arena.tensor(spec.type(), spec.src(), values);
            arena.seal();
            Tensor dst = arena.tensor(spec.type(), spec.dst());
            GuardedArena.fill(dst, expected);
            try (Unary kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(src, dst);
            }
            int inner = 1;
            for (int i = spec.axis() + 1; i < spec.dst().rank(); i++) {
                inner *= (int) spec.dst().dim(i);
            }
            int part = (int) spec.src().dim(spec.axis());
            int whole = (int) spec.dst().dim(spec.axis());
            for (int i = 0; i < values.length; i++) {
                int outer = i / inner / part;
                expected[(int) ((outer * whole + spec.at() + i / inner % part) * inner + i % inner)] = values[i];
            }
            Expected.exact(expected).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> parts() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {DataType.U8, DataType.BF16, DataType.F32, DataType.S64}) {
            for (PlaceSpec spec : new PlaceSpec[] {
                new PlaceSpec(type, Shape.of(3, 5, 4), Shape.of(3, 9, 4), 1, 2),
                new PlaceSpec(type, Shape.of(3, 5), Shape.of(3, 6), 1, 1),
                new PlaceSpec(type, Shape.of(7, 1), Shape.of(7, 2), 1, 0),
                new PlaceSpec(type, Shape.of(4, 3, 130), Shape.of(4, 3, 200), 2, 70),
                new PlaceSpec(type, Shape.of(2, 3), Shape.of(5, 3), 0, 3),
                new PlaceSpec(type, Shape.of(2, 0, 3), Shape.of(2, 4, 3), 1, 4),
                new PlaceSpec(type, Shape.of(0, 2, 3), Shape.of(0, 4, 3), 1, 1),
                new PlaceSpec(type, Shape.of(5000, 250), Shape.of(5000, 260), 1, 7)}) {
                cases.add(new PlaceCase("place-" + cases.size(), spec));
            }
        }
        return ContractSuite.of(PlaceContractTest.class, cases);
    }

    @Test
    void partsHaveToFit() {
        Shape dst = Shape.of(3, 5);
        assertThrows(OperandException.class, () -> new PlaceSpec(DataType.F32, Shape.of(3, 3), dst, 1, 3));
        assertThrows(OperandException.class, () -> new PlaceSpec(DataType.F32, Shape.of(3, 3), dst, 1, -1));
        assertThrows(OperandException.class, () -> new PlaceSpec(DataType.F32, Shape.of(2, 3), dst, 1, 0));
        assertThrows(OperandException.class, () -> new PlaceSpec(DataType.F32, Shape.of(3, 3), dst, 2, 0));
        assertThrows(OperandException.class, () -> new PlaceSpec(DataType.S4, Shape.of(3, 3), dst, 1, 0));
    }
}
