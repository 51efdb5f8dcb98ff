package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Zeros are exactly as many as are asked for, in whole units; the rest keeps its value. */
class PruningTest {
    /** Weights [29, 67]: no extent is a multiple of a block's. */
    private static final ProductShape GEMM = new GemmShape(3, 67, 29);
    /** Weights [12, 5, 3, 2] in two groups. */
    private static final ProductShape CONV = new ConvShape(10, 6, 6, 12, 3, 2, 1, 0, 1, 2, 1);

    /** Returns the weights as [outputs][taps][inputs]. */
    private static double[][][] weights(ProductShape shape, ProductTypes types, WeightZeros zeros) {
        try (ProductWorkload workload = shape.workload(types, zeros)) {
            Tensor weights = shape.outputsFirst(workload.weights());
            int outputs = (int) weights.shape().dim(0);
            int inputs = (int) weights.shape().dim(1);
            int taps = (int) (weights.shape().elements() / outputs / inputs);
            double[][][] values = new double[outputs][taps][inputs];
            for (int i = 0; i < weights.shape().elements(); i++) {
                values[i / taps / inputs][i % taps][i / taps % inputs] = weights.get(i);
            }
            return values;
        }
    }

    @ParameterizedTest
    @CsvSource({"csr,1,1", "bitmask,1,1", "1x4,1,4", "4x1,4,1", "32x4,32,4", "16x64,16,64", "3x2,3,2"})
    void asManyBlocksAsAreAskedForAreZero(String label, int rows, int columns) {
        SparseFormat format = SparseFormat.parse(label);
        for (ProductShape shape : new ProductShape[] {GEMM, CONV}) {
            double[][][] dense = weights(shape, ProductTypes.U8S8U8, WeightZeros.NONE);
            for (double sparsity : new double[] {0, 0.3, 0.5, 0.8, 0.98, 1}) {
                double[][][] pruned = weights(shape, ProductTypes.U8S8U8, new Pruning(format, sparsity));
                int blocks = 0;
                int zero = 0;
                for (int top = 0; top < pruned.length; top += rows) {
                    for (int tap = 0; tap < pruned[0].length; tap++) {
                        for (int left = 0; left < pruned[0][0].length; left += columns) {
                            blocks++;
                            zero += zeroBlock(pruned, dense, top, tap, left, rows, columns) ? 1 : 0;
                        }
                    }
                }
                assertEquals(Math.round(sparsity * blocks), zero, shape + " " + label + " " + sparsity);
            }
        }
    }

    /** Returns whether a block is zero; if it is not, none of it is, and values that were not zero are as before. */
    private static boolean zeroBlock(double[][][] pruned, double[][][] dense, int top, int tap, int left, int rows,
            int columns) {
        boolean zero = pruned[top][tap][left] == 0;
        for (int output = top; output < Math.min(pruned.length, top + rows); output++) {
            for (int i = left; i < Math.min(pruned[0][0].length, left + columns); i++) {
                double value = pruned[output][tap][i];
                assertEquals(zero, value == 0, "[" + output + ", " + tap + ", " + i + "] of a block");
                if (!zero) {
                    assertEquals(dense[output][tap][i] == 0 ? 1 : dense[output][tap][i], value);
                }
            }
        }
        return zero;
    }

    @ParameterizedTest
    @ValueSource(strings = {"2:4", "1:4", "3:8", "4:4"})
    void everyGroupKeepsAllThatItMay(String label) {
        SparseFormat.NOfM format = (SparseFormat.NOfM) SparseFormat.parse(label);
        for (ProductShape shape : new ProductShape[] {GEMM, CONV}) {
            for (double[][] output : weights(shape, ProductTypes.F32F32F32, new Pruning(format, 0.5))) {
                for (double[] tap : output) {
                    for (int first = 0; first < tap.length; first += format.m()) {
                        int kept = 0;
                        int size = Math.min(format.m(), tap.length - first);
                        for (int i = first; i < first + size; i++) {
                            kept += tap[i] == 0 ? 0 : 1;
                        }
                        assertEquals(Math.min(format.n(), size), kept, shape + " " + label);
                    }
                }
            }
        }
    }

    @Test
    void nOfMHasItsOwnSparsity() {
        assertEquals(OptionalDouble.of(0.5), Pruning.ownSparsity(SparseFormat.nOfM(2, 4)));
        assertEquals(OptionalDouble.of(0.75), Pruning.ownSparsity(SparseFormat.nOfM(1, 4)));
        assertTrue(Pruning.ownSparsity(SparseFormat.block(1, 4)).isEmpty());
    }

    @Test
    void theSameZerosEachTime() {
        Pruning pruning = new Pruning(SparseFormat.CSR, 0.7);
        double[][][] once = weights(GEMM, ProductTypes.U8S8U8, pruning);
        double[][][] again = weights(GEMM, ProductTypes.U8S8U8, pruning);
        for (int output = 0; output < once.length; output++) {
            assertArrayEquals(once[output][0], again[output][0]);
        }
    }
}
