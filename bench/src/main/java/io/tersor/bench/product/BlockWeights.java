package io.tersor.bench.product;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Weights in blocks with a scale each, as ONNX Runtime's operator MatMulNBits has them: the blocks lie along the inner
 * extent of each column, the values are unsigned, less 2^(bits - 1), two of 4 bits in a byte with the earlier one low.
 *
 * @param bits of a weight, 4 or 8
 * @param block weights in a block
 * @param packed u8 [n, blocks, bytes of a block]
 * @param scales f32 [n, blocks]
 * @param real what they stand for, f32 [k, n]
 */
record BlockWeights(int bits, int block, Tensor packed, Tensor scales, Tensor real) {
    /**
     * Returns weights of 8 bits as they are, in which all blocks of a column have its scale, and are as long as ONNX
     * Runtime's kernels allow, 256, with which they are fastest; or nearest ones of 4 bits, where a block's scale makes
     * its largest magnitude 7, in blocks of 128 as GPTQ has them (Frantar et al., 2022).
     *
     * @param constants with weights s8 [k, n]
     */
    static BlockWeights of(Arena arena, Constants constants, int bits) {
        int k = Math.toIntExact(constants.weights().shape().dim(0));
        int n = Math.toIntExact(constants.weights().shape().dim(1));
        int length = bits == 8 ? 256 : 128;
        int blocks = Math.ceilDiv(k, length);
        int blockBytes = length * bits / 8;
        Tensor packed = Tensor.allocate(arena, DataType.U8, Shape.of(n, blocks, blockBytes));
        Tensor scales = Tensor.allocate(arena, DataType.F32, Shape.of(n, blocks));
        Tensor real = Tensor.allocate(arena, DataType.F32, Shape.of(k, n));
        int[] levels = new int[length];
        for (int column = 0; column < n; column++) {
            float scale = constants.weightsParams().scale(column);
            for (int block = 0; block < blocks; block++) {
                int first = block * length;
                int count = Math.min(length, k - first);
                Arrays.fill(levels, 0);
                for (int i = 0; i < count; i++) {
                    levels[i] = constants.weights().data().get(JAVA_BYTE, (long) (first + i) * n + column);
                }
                float blockScale = bits == 8 ? scale : scale * coarsen(levels);
                scales.set((long) column * blocks + block, blockScale);
                for (int i = 0; i < count; i++) {
                    real.set((long) (first + i) * n + column, blockScale * levels[i]);
                }
                pack(levels, bits, packed, ((long) column * blocks + block) * blockBytes);
            }
        }
        return new BlockWeights(bits, length, packed, scales, real);
    }

    /** Rounds levels of 8 bits to 4; returns how many times as large one of them is. */
    private static float coarsen(int[] levels) {
        int largest = Math.max(1, Arrays.stream(levels).map(Math::abs).max().orElseThrow());
        float factor = largest / 7f;
        Arrays.setAll(levels, i -> Math.round(levels[i] / factor));
        return factor;
    }

    private static void pack(int[] levels, int bits, Tensor packed, long at) {
        int zero = 1 << (bits - 1);
        for (int i = 0; i < levels.length; i++) {
            int value = levels[i] + zero;
            long index = at + (bits == 8 ? i : i / 2);
            int before = bits == 8 || i % 2 == 0 ? 0 : packed.data().get(JAVA_BYTE, index);
            packed.data().set(JAVA_BYTE, index, (byte) (before | value << (bits == 8 || i % 2 == 0 ? 0 : 4)));
        }
    }

    /**
     * Returns how far a sum of each column may be off where rows of src are rounded to 8 bits in blocks before they are
     * multiplied: each value by up to half a step h, a 254th of the largest magnitude in src. In sums of k products
     * that is h times the sum of the weights' magnitudes at worst, and, as such errors are independent and as often
     * positive as negative, more than h * sqrt(2 * ln(2 / p)) times their Euclidean norm with a probability of p at
     * most (Hoeffding, "Probability Inequalities for Sums of Bounded Random Variables", 1963); p is 2^-60 here.
     */
    double[] slack(Tensor src) {
        double largest = 0;
        for (float value : src.toFloats()) {
            largest = Math.max(largest, Math.abs(value));
        }
        double half = largest / 254;
        int n = Math.toIntExact(real.shape().dim(1));
        double[] sums = new double[n];
        double[] squares = new double[n];
        float[] values = real.toFloats();
        for (int i = 0; i < values.length; i++) {
            sums[i % n] += Math.abs(values[i]);
            squares[i % n] += (double) values[i] * values[i];
        }
        double factor = Math.sqrt(2 * 61 * Math.log(2));
        Arrays.setAll(sums, column -> half * Math.min(sums[column], factor * Math.sqrt(squares[column])));
        return sums;
    }
}
