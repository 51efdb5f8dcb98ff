package io.tersor.sparse;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/** Dense tensors with zeros, for tests. */
final class Patterns {
    static final List<SparseFormat> FORMATS = List.of(SparseFormat.CSR, SparseFormat.BITMASK, SparseFormat.block(1, 4),
            SparseFormat.block(4, 1), SparseFormat.block(16, 4), SparseFormat.block(32, 4), SparseFormat.block(16, 64),
            SparseFormat.block(3, 5), SparseFormat.nOfM(2, 4), SparseFormat.nOfM(1, 4), SparseFormat.nOfM(3, 7),
            SparseFormat.nOfM(5, 256), SparseFormat.nOfM(4, 4));

    static final List<DataType> TYPES = List.of(DataType.F32, DataType.BF16, DataType.S8);

    private Patterns() {}

    /** Returns a random tensor in which each unit of the format is zero with the given probability. */
    static Tensor random(SparseFormat format, DataType type, Shape shape, double sparsity, long seed, Arena arena) {
        Random random = new Random(seed);
        Tensor tensor = Tensor.allocate(arena, type, shape);
        MatrixView matrix = MatrixView.of(shape);
        int height = format instanceof SparseFormat.Block block ? block.rows() : 1;
        int width = format instanceof SparseFormat.Block block ? block.columns() : 1;
        int m = format instanceof SparseFormat.NOfM pattern ? pattern.m() : 1;
        int n = format instanceof SparseFormat.NOfM pattern ? pattern.n() : 1;
        for (int row = 0; row < matrix.outputs(); row += height) {
            for (int unit = 0; unit < matrix.units(Math.max(width, m)); unit++) {
                int start = matrix.start(unit, Math.max(width, m));
                int length = matrix.length(unit, Math.max(width, m));
                boolean[] kept = new boolean[length];
                boolean whole = random.nextDouble() >= sparsity;
                for (int i = 0; i < (m > 1 ? n : length); i++) {
                    kept[m > 1 ? random.nextInt(length) : i] = m > 1 ? random.nextDouble() >= sparsity : whole;
                }
                for (int r = row; r < Math.min(row + height, matrix.outputs()); r++) {
                    for (int i = 0; i < length; i++) {
                        tensor.set(matrix.denseIndex(r, start + i), kept[i] ? value(type, random) : 0);
                    }
                }
            }
        }
        return tensor;
    }

    private static double value(DataType type, Random random) {
        int level = random.nextInt(127) + 1;
        return (random.nextBoolean() ? level : -level) * (type.isFloating() ? 0.0625 : 1);
    }
}
