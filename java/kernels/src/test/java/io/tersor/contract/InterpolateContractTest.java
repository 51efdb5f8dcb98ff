package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Weighted sums of positions along an axis on every backend, within the error of sums in f32. */
@Tag("isa-tiers")
class InterpolateContractTest {
    /** Outer, extent, inner, count, taps. */
    private static final int[][] SHAPES = {{1, 1, 1, 1, 1}, {2, 9, 1, 31, 2}, {3, 17, 1, 33, 4}, {1, 5, 1, 16, 3},
        {2, 8, 70, 5, 2}, {1, 30, 64, 12, 4}, {2, 7, 3, 9, 16}, {0, 4, 3, 2, 1}, {2, 4, 0, 2, 1}, {2, 4, 3, 0, 1},
        {400, 31, 1, 150, 2}};

    private record InterpolateCase(String id, int[] shape, boolean leavesOut) implements ContractCase {
        @Override
        public InterpolateSpec spec() {
            return new InterpolateSpec();
        }

        @Override
        public String operands() {
            return "[outer, extent, inner, count, taps] " + java.util.Arrays.toString(shape);
        }

        @Override
        public int threads() {
            return shape[0] > 100 ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Draw draw = new Draw(id);
            int extent = shape[1];
            int inner = shape[2];
            int count = shape[3];
            int taps = shape[4];
            double[] values = draw.values(DataType.F32, (long) shape[0] * extent * inner);
            double[] weights = draw.values(DataType.F32, (long) taps * count);
            double[] index = new double[taps * count];
            for (int i = 0; i < index.length; i++) {
                index[i] = draw.below(leavesOut ? extent + 1 : extent) - (leavesOut ? 1 : 0);
            }
            Tensor src = arena.tensor(DataType.F32, Shape.of(shape[0], extent, inner), values);
            Tensor positions = arena.tensor(DataType.S32, Shape.of(taps, count), index);
            Tensor factors = arena.tensor(DataType.F32, Shape.of(taps, count), weights);
            arena.seal();
            Tensor dst = arena.tensor(DataType.F32, Shape.of(shape[0], count, inner));
            try (Interpolate kernel = candidate.registry().prepare(spec(), candidate.options(parallelism))) {
                kernel.run(src, positions, factors, dst);
            }
            double[] expected = new double[shape[0] * count * inner];
            double[] tolerances = new double[expected.length];
            for (int k = 0; k < expected.length; k++) {
                int i = k / inner % count;
                for (int t = 0; t < taps; t++) {
                    int position = (int) index[t * count + i];
                    double product = position < 0 ? 0 : weights[t * count + i]
                            * values[(k / inner / count * extent + position) * inner + k % inner];
                    expected[k] += product;
                    tolerances[k] += (taps + 1) * 0x1p-23 * Math.abs(product);
                }
            }
            Expected.within(expected, tolerances).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> sums() {
        List<ContractCase> cases = new ArrayList<>();
        for (int[] shape : SHAPES) {
            cases.add(new InterpolateCase("interpolate-" + cases.size(), shape, false));
            cases.add(new InterpolateCase("interpolate-" + cases.size(), shape, true));
        }
        return ContractSuite.of(InterpolateContractTest.class, cases);
    }

    @Test
    void operandsAreChecked() {
        try (Arena arena = Arena.ofConfined(); Interpolate kernel = KernelRegistry.standard()
                .prepare(new InterpolateSpec(), PrepareOptions.DEFAULT)) {
            Tensor src = Tensor.allocate(arena, DataType.F32, Shape.of(2, 3, 4));
            Tensor index = Tensor.ofInts(arena, Shape.of(1, 2), 0, 2);
            Tensor beyond = Tensor.ofInts(arena, Shape.of(1, 2), 0, 3);
            Tensor none = Tensor.ofInts(arena, Shape.of(0, 2));
            Tensor weights = Tensor.ofFloats(arena, Shape.of(1, 2), 1, 1);
            Tensor dst = Tensor.allocate(arena, DataType.F32, Shape.of(2, 2, 4));
            kernel.run(src, index, weights, dst);
            assertThrows(OperandException.class, () -> kernel.run(src, beyond, weights, dst));
            assertThrows(OperandException.class, () -> kernel.run(src, none, weights, dst));
            assertThrows(OperandException.class, () -> kernel.run(src, weights, weights, dst));
            assertThrows(OperandException.class, () -> kernel.run(src, index, src, dst));
            assertThrows(OperandException.class, () -> kernel.run(src, index, weights, src));
        }
    }
}
