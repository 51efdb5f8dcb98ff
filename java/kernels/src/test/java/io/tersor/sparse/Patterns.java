package io.tersor.sparse;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/** Where the zeros of weights lie, for tests. */
public final class Patterns {
    /** Every kind of format, with units of many extents. */
    public static final List<SparseFormat> FORMATS = List.of(SparseFormat.CSR, SparseFormat.BITMASK,
            SparseFormat.block(1, 4), SparseFormat.block(4, 1), SparseFormat.block(16, 4), SparseFormat.block(32, 4),
            SparseFormat.block(16, 64), SparseFormat.block(3, 5), SparseFormat.nOfM(2, 4), SparseFormat.nOfM(1, 4),
            SparseFormat.nOfM(3, 7), SparseFormat.nOfM(5, 256), SparseFormat.nOfM(4, 4));

    static final List<DataType> TYPES = List.of(DataType.F32, DataType.BF16, DataType.S8);

    private Patterns() {}

    /**
     * Returns for each weight, row-major in its shape, whether it may be kept.
     *
     * @param shape [outputs, inputs] or OIHW
     * @param sparsity probability of a unit to be zero; of n of m, of each entry that there is room for
     */
    public static boolean[] kept(SparseFormat format, Shape shape, double sparsity, Random random) {
        boolean[] kept = new boolean[(int) shape.elements()];
        MatrixView matrix = MatrixView.of(shape);
        int height = format instanceof SparseFormat.Block block ? block.rows() : 1;
        int width = switch (format) {
            case SparseFormat.Block block -> block.columns();
            case SparseFormat.NOfM pattern -> pattern.m();
            default -> 1;
        };
        for (int row = 0; row < matrix.outputs(); row += height) {
            for (int unit = 0; unit < matrix.units(width); unit++) {
                boolean[] columns = unit(format, matrix.length(unit, width), sparsity, random);
                for (int r = row; r < Math.min(row + height, matrix.outputs()); r++) {
                    for (int i = 0; i < columns.length; i++) {
                        kept[(int) matrix.denseIndex(r, matrix.start(unit, width) + i)] = columns[i];
                    }
                }
            }
        }
        return kept;
    }

    private static boolean[] unit(SparseFormat format, int length, double sparsity, Random random) {
        boolean[] kept = new boolean[length];
        boolean whole = random.nextDouble() >= sparsity;
        for (int i = 0; i < (format instanceof SparseFormat.NOfM pattern ? pattern.n() : length); i++) {
            if (format instanceof SparseFormat.NOfM) {
                kept[random.nextInt(length)] |= random.nextDouble() >= sparsity;
            } else {
                kept[i] = whole;
            }
        }
        return kept;
    }

    /** Returns a random tensor with such zeros. */
    static Tensor random(SparseFormat format, DataType type, Shape shape, double sparsity, long seed, Arena arena) {
        Random random = new Random(seed);
        Tensor tensor = Tensor.allocate(arena, type, shape);
        boolean[] kept = kept(format, shape, sparsity, random);
        for (int i = 0; i < kept.length; i++) {
            tensor.set(i, kept[i] ? value(type, random) : 0);
        }
        return tensor;
    }

    private static double value(DataType type, Random random) {
        int level = random.nextInt(127) + 1;
        return (random.nextBoolean() ? level : -level) * (type.isFloating() ? 0.0625 : 1);
    }
}
