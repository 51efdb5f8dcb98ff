package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The sums of one pass of {@link ResizePasses}: each begins with 0, to which the products are added in their order, so
 * that all loops give the same bits.
 */
final class ResizeSums {
    /** Lines that are summed together, for which positions and weights are read once. */
    private static final int LINES = 4;

    private ResizeSums() {}

    /** An axis as flat arrays: tap k of position i is at ends[i - 1] + k. Positions outside become 0. */
    private record Taps(int[] positions, double[] weights, int[] ends, boolean pairs) {
        static Taps of(ResizePasses.Axis axis) {
            int to = axis.positions().length;
            int[] ends = new int[to];
            int count = 0;
            boolean pairs = true;
            for (int i = 0; i < to; i++) {
                pairs &= axis.positions()[i].length == 2;
                count += axis.positions()[i].length;
                ends[i] = count;
            }
            int[] positions = new int[count];
            double[] weights = new double[count];
            int at = 0;
            for (int i = 0; i < to; i++) {
                for (int k = 0; k < axis.positions()[i].length; k++) {
                    positions[at] = Math.max(axis.positions()[i][k], 0);
                    weights[at++] = axis.weights()[i][k];
                }
            }
            return new Taps(positions, weights, ends, pairs);
        }
    }

    /** Lines of the given length, whose elements are neighbours. */
    static void lines(double[] from, ResizePasses.Axis axis, int outer, int length, double[] next,
            Parallelism parallelism) {
        Taps taps = Taps.of(axis);
        int to = taps.ends.length;
        SharedBody.ranges(parallelism, outer, 8L * next.length, (first, last) -> {
            int line = (int) first;
            for (; taps.pairs && line + LINES <= last; line += LINES) {
                pairs(from, line * length, length, taps.positions, taps.weights, next, line * to, to);
            }
            for (; line < last; line++) {
                line(from, line * length, taps, next, line * to);
            }
        });
    }

    private static void line(double[] from, int at, Taps taps, double[] to, int target) {
        int[] positions = taps.positions;
        double[] weights = taps.weights;
        int[] ends = taps.ends;
        int tap = 0;
        for (int i = 0; i < ends.length; i++) {
            double sum = 0;
            for (; tap < ends[i]; tap++) {
                sum += weights[tap] * from[at + positions[tap]];
            }
            to[target + i] = sum;
        }
    }

    /** Two taps for each element, as linear interpolation has them. */
    private static void pairs(double[] from, int at, int length, int[] positions, double[] weights, double[] to,
            int target, int count) {
        for (int i = 0; i < count; i++) {
            int a = at + positions[2 * i];
            int b = at + positions[2 * i + 1];
            double left = weights[2 * i];
            double right = weights[2 * i + 1];
            to[target + i] = 0.0 + left * from[a] + right * from[b];
            to[target + count + i] = 0.0 + left * from[a + length] + right * from[b + length];
            to[target + 2 * count + i] = 0.0 + left * from[a + 2 * length] + right * from[b + 2 * length];
            to[target + 3 * count + i] = 0.0 + left * from[a + 3 * length] + right * from[b + 3 * length];
        }
    }

    /** Planes of [length, inner]. */
    static void planes(double[] from, ResizePasses.Axis axis, int outer, int length, int inner, double[] next,
            Parallelism parallelism) {
        int to = axis.positions().length;
        SharedBody.ranges(parallelism, (long) outer * to, 8L * next.length, (first, last) -> {
            for (int row = (int) first; row < last; row++) {
                sum(from, axis, row % to, row / to * length, inner, next, row * inner);
            }
        });
    }

    /** The same into f32 elements from {@code target} on, rounded. */
    static void planes(double[] from, ResizePasses.Axis axis, int outer, int length, int inner, Tensor out, long target,
            Parallelism parallelism) {
        int to = axis.positions().length;
        long rows = (long) outer * to;
        SharedBody.ranges(parallelism, rows, 8L * rows * inner, (first, last) -> {
            double[] sums = new double[inner];
            float[] rounded = new float[inner];
            for (int row = (int) first; row < last; row++) {
                int i = row % to;
                int[] positions = axis.positions()[i];
                int base = row / to * length;
                if (positions.length == 2) {
                    pair(axis.weights()[i][0], from, (base + positions[0]) * inner, axis.weights()[i][1],
                            (base + positions[1]) * inner, rounded, inner);
                } else {
                    sum(from, axis, i, base, inner, sums, 0);
                    round(sums, rounded, inner);
                }
                MemorySegment.copy(rounded, 0, out.data(), JAVA_FLOAT, (target + (long) row * inner) * Float.BYTES,
                        inner);
            }
        });
    }

    private static void sum(double[] from, ResizePasses.Axis axis, int i, int base, int inner, double[] to,
            int target) {
        Arrays.fill(to, target, target + inner, 0);
        for (int k = 0; k < axis.positions()[i].length; k++) {
            add(axis.weights()[i][k], from, (base + Math.max(axis.positions()[i][k], 0)) * inner, to, target, inner);
        }
    }

    private static void add(double weight, double[] from, int at, double[] to, int target, int count) {
        for (int j = 0; j < count; j++) {
            to[target + j] += weight * from[at + j];
        }
    }

    private static void pair(double left, double[] from, int a, double right, int b, float[] to, int count) {
        for (int j = 0; j < count; j++) {
            to[j] = (float) (0.0 + left * from[a + j] + right * from[b + j]);
        }
    }

    private static void round(double[] from, float[] to, int count) {
        for (int j = 0; j < count; j++) {
            to[j] = (float) from[j];
        }
    }
}
