package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Every loop of ResizeSums gives the bits of a plain sum. */
class ResizeSumsTest {
    private static final int LENGTH = 11;

    /** Two taps everywhere, or one to three. */
    private static ResizePasses.Axis axis(Random random, int to, boolean pairs) {
        int[][] positions = new int[to][];
        double[][] weights = new double[to][];
        for (int i = 0; i < to; i++) {
            int taps = pairs ? 2 : 1 + random.nextInt(3);
            positions[i] = random.ints(taps, 0, LENGTH).toArray();
            weights[i] = random.doubles(taps, -1, 1).toArray();
            weights[i][0] = random.nextInt(4) == 0 ? -0.0 : weights[i][0];
        }
        return new ResizePasses.Axis(positions, weights);
    }

    private static double[] values(Random random, int count) {
        double[] special = {-0.0, 0, Double.POSITIVE_INFINITY, Double.NaN};
        return random.doubles(count, -2, 2).map(x -> random.nextInt(9) == 0 ? special[random.nextInt(4)] : x).toArray();
    }

    private static double expected(double[] from, ResizePasses.Axis axis, int o, int i, int j, int inner) {
        double sum = 0;
        for (int k = 0; k < axis.positions()[i].length; k++) {
            sum += axis.weights()[i][k] * from[(o * LENGTH + axis.positions()[i][k]) * inner + j];
        }
        return sum;
    }

    @Test
    void sumsAreThoseOfPlainLoops() {
        Random random = new Random(4);
        try (Parallelism threads = Parallelism.of(3)) {
            for (int outer : new int[] {1, 3, 4, 6, 9}) {
                for (int inner : new int[] {1, 2, 33}) {
                    for (boolean pairs : new boolean[] {true, false}) {
                        compare(values(random, outer * LENGTH * inner), axis(random, 17, pairs), outer, inner, threads);
                    }
                }
            }
            compare(values(random, 30 * LENGTH * 1000), axis(random, 17, true), 30, 1000, threads);
            compare(values(random, 30_001 * LENGTH), axis(random, 17, true), 30_001, 1, threads);
        }
    }

    private static void compare(double[] from, ResizePasses.Axis axis, int outer, int inner, Parallelism threads) {
        int to = axis.positions().length;
        for (Parallelism parallelism : new Parallelism[] {Parallelism.SINGLE, threads}) {
            double[] next = new double[outer * to * inner];
            Tensor rounded = Tensor.allocate(Arena.ofAuto(), DataType.F32, Shape.of(3 + next.length));
            if (inner == 1) {
                ResizeSums.lines(from, axis, outer, LENGTH, next, parallelism);
            } else {
                ResizeSums.planes(from, axis, outer, LENGTH, inner, next, parallelism);
            }
            ResizeSums.planes(from, axis, outer, LENGTH, inner, rounded, 3, parallelism);
            for (int n = 0; n < next.length; n++) {
                double sum = expected(from, axis, n / inner / to, n / inner % to, n % inner, inner);
                assertEquals(Double.doubleToLongBits(sum), Double.doubleToLongBits(next[n]), "element " + n);
                assertEquals(Float.floatToIntBits((float) sum),
                        Float.floatToIntBits((float) rounded.get(3 + n)), "element " + n);
            }
        }
    }
}
