package io.tersor.bench.gemm;

import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.product.ProductTypes;
import io.tersor.kernel.DynamicQuantization;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * The result in float64, in which sums of integers are exact: of all elements of a small multiplication, of some whole
 * rows and columns of a large one, the first and last always among them. Independent of all backends.
 */
final class Reference {
    private static final long EXHAUSTIVE = 1 << 24;
    private static final int ROWS = 4;
    private static final int COLUMNS = 8;

    private final Operands operands;
    private final List<Line> lines = new ArrayList<>();

    /**
     * A row or a column of the result.
     *
     * @param sums of products
     * @param magnitudes sums of the products' magnitudes
     * @param rowScales what the sums are multiplied by besides the channel's scale: one value, or one for each element
     */
    private record Line(boolean isRow, int index, double[] sums, double[] magnitudes, double[] rowScales) {}

    Reference(Operands operands) {
        this.operands = operands;
        GemmShape shape = operands.shape();
        boolean all = (long) shape.m() * shape.k() * shape.n() <= EXHAUSTIVE;
        addRows(sample(shape.m(), all ? shape.m() : ROWS));
        if (!all) {
            addColumns(sample(shape.n(), COLUMNS));
        }
    }

    private static int[] sample(int extent, int count) {
        TreeSet<Integer> chosen = new TreeSet<>(List.of(0, extent - 1));
        RandomGenerator random = RandomGenerator.of("L64X128MixRandom");
        while (chosen.size() < Math.min(extent, count)) {
            chosen.add(random.nextInt(extent));
        }
        if (extent <= count) {
            for (int i = 0; i < extent; i++) {
                chosen.add(i);
            }
        }
        return chosen.stream().mapToInt(Integer::intValue).toArray();
    }

    private void addRows(int[] rows) {
        int k = operands.shape().k();
        int n = operands.shape().n();
        double[][] sources = new double[rows.length][k];
        for (int i = 0; i < rows.length; i++) {
            double scale = source(rows[i], sources[i]);
            lines.add(new Line(true, rows[i], new double[n], new double[n], new double[] {scale}));
        }
        double[] weights = new double[n];
        for (int i = 0; i < k; i++) {
            read(operands.constants().weights(), (long) i * n, weights);
            for (int row = 0; row < rows.length; row++) {
                Line line = lines.get(row);
                accumulate(line.sums, line.magnitudes, sources[row][i], weights);
            }
        }
    }

    private static void accumulate(double[] sums, double[] magnitudes, double x, double[] weights) {
        double magnitude = Math.abs(x);
        for (int j = 0; j < weights.length; j++) {
            sums[j] += x * weights[j];
            magnitudes[j] += magnitude * Math.abs(weights[j]);
        }
    }

    private void addColumns(int[] columns) {
        int m = operands.shape().m();
        int k = operands.shape().k();
        int n = operands.shape().n();
        double[][] weights = new double[columns.length][k];
        for (int j = 0; j < columns.length; j++) {
            for (int i = 0; i < k; i++) {
                weights[j][i] = operands.constants().weights().get((long) i * n + columns[j]);
            }
        }
        double[][] sums = new double[columns.length][m];
        double[][] magnitudes = new double[columns.length][m];
        double[] rowScales = new double[m];
        double[] source = new double[k];
        for (int row = 0; row < m; row++) {
            rowScales[row] = source(row, source);
            for (int j = 0; j < columns.length; j++) {
                double sum = 0;
                double magnitude = 0;
                for (int i = 0; i < k; i++) {
                    sum += source[i] * weights[j][i];
                    magnitude += Math.abs(source[i] * weights[j][i]);
                }
                sums[j][row] = sum;
                magnitudes[j][row] = magnitude;
            }
        }
        for (int j = 0; j < columns.length; j++) {
            lines.add(new Line(false, columns[j], sums[j], magnitudes[j], rowScales));
        }
    }

    /** Reads a row of src, less its zero point, quantized if that is done at run time; returns its scale. */
    private double source(int row, double[] values) {
        int k = values.length;
        if (operands.types() == ProductTypes.F32S8F32) {
            int[] levels = new int[k];
            float scale = DynamicQuantization.quantize(operands.src().data(), 4L * row * k, 4, levels);
            for (int i = 0; i < k; i++) {
                values[i] = levels[i];
            }
            return scale;
        }
        read(operands.src(), (long) row * k, values);
        int zeroPoint = operands.constants().srcParams().zeroPoint();
        for (int i = 0; i < k && zeroPoint != 0; i++) {
            values[i] -= zeroPoint;
        }
        return operands.constants().srcParams().scale();
    }

    private static void read(Tensor tensor, long first, double[] values) {
        MemorySegment data = tensor.data();
        switch (tensor.type()) {
            case U8 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = data.get(ValueLayout.JAVA_BYTE, first + i) & 0xFF;
                }
            }
            case S8 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = data.get(ValueLayout.JAVA_BYTE, first + i);
                }
            }
            case F32 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = data.getAtIndex(ValueLayout.JAVA_FLOAT, first + i);
                }
            }
            default -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = tensor.get(first + i);
                }
            }
        }
    }

    /**
     * Compares a result.
     *
     * @param who what computed it, for the message
     * @throws io.tersor.bench.measure.VerificationException if an element is wrong
     */
    void check(Tensor dst, String who) {
        for (Line line : lines) {
            for (int i = 0; i < line.sums.length; i++) {
                int row = line.isRow ? line.index : i;
                int column = line.isRow ? i : line.index;
                operands.constants().check(dst.get((long) row * operands.shape().n() + column), column, line.sums[i],
                        line.magnitudes[i], line.rowScales[line.isRow ? 0 : i],
                        () -> who + ", " + operands.shape() + " " + operands.types().label() + ": element [" + row
                                + ", " + column + "]");
            }
        }
    }
}
