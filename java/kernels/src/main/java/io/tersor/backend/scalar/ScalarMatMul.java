package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DynamicQuantization;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * MatMul row by row: the sums of a row grow together, k ascending, so that the inner loop runs along a row of the
 * weights. Floating sums are binary32, multiplied and added without fusing. Weights of zero are skipped where the spec
 * tells that there are many, in the same order.
 */
final class ScalarMatMul extends MatMul {
    private final int k;
    private final EpilogueStore epilogue;
    // [k, n]; integers have their zero point subtracted.
    private final WeightRows weights;
    private final ThreadLocal<Row> rows;

    /** One row of src, and its sums; those of the other kind are empty. */
    private record Row(int[] levels, int[] integerSums, float[] values, float[] floatSums) {}

    ScalarMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.k = (int) spec.k();
        int n = (int) spec.n();
        boolean integers = spec.weights() == DataType.S8;
        this.epilogue = new EpilogueStore(Epilogue.of(spec, bias));
        this.rows = ThreadLocal.withInitial(() -> new Row(new int[integers ? k : 0], new int[integers ? n : 0],
                new float[integers ? 0 : k], new float[integers ? 0 : n]));
        this.weights = integers ? WeightRows.of(integers(spec, weights), n, spec.sparsity().isPresent())
                : WeightRows.of(weights.toFloats(), n, spec.sparsity().isPresent());
    }

    private static int[] integers(MatMulSpec spec, Tensor weights) {
        int n = (int) spec.n();
        int[] integers = new int[(int) spec.k() * n];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = (int) weights.getLong(i) - spec.weightsParams().zeroPoint(i % n);
        }
        return integers;
    }

    @Override
    protected String kernelName() {
        return ScalarBackend.productName(spec().name(), spec().sparsity());
    }

    @Override
    protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        Row row = rows.get();
        for (long i = 0; i < m; i++) {
            long from = i * srcRowStride;
            if (spec().isDynamic()) {
                float scale = DynamicQuantization.quantize(src, from * Float.BYTES, srcColumnStride * Float.BYTES,
                        row.levels);
                addIntegers(row);
                epilogue.store(row.integerSums, scale, residual, i * ldResidual, dst, i * ldDst);
            } else if (spec().isInteger()) {
                readLevels(row, src, from, srcColumnStride, spec().srcParams().zeroPoint());
                addIntegers(row);
                epilogue.store(row.integerSums, residual, i * ldResidual, dst, i * ldDst);
            } else {
                for (int j = 0; j < k; j++) {
                    row.values[j] = Elements.getFloat(src, spec().src(), from + j * srcColumnStride);
                }
                addFloats(row);
                epilogue.store(row.floatSums, residual, i * ldResidual, dst, i * ldDst);
            }
        }
    }

    @Override
    protected void execute(float srcScale, int srcZeroPoint, long m, MemorySegment src, long srcRowStride,
            long srcColumnStride, MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
        Row row = rows.get();
        for (long i = 0; i < m; i++) {
            readLevels(row, src, i * srcRowStride, srcColumnStride, srcZeroPoint);
            addIntegers(row);
            epilogue.storeSource(row.integerSums, srcScale, residual, i * ldResidual, dst, i * ldDst);
        }
    }

    private void readLevels(Row row, MemorySegment src, long from, long srcColumnStride, int zeroPoint) {
        for (int j = 0; j < k; j++) {
            row.levels[j] = Elements.getInt(src, spec().src(), from + j * srcColumnStride) - zeroPoint;
        }
    }

    private void addIntegers(Row row) {
        epilogue.start(row.integerSums);
        for (int i = 0; i < k; i++) {
            weights.add(i, row.levels[i], row.integerSums, 0);
        }
    }

    private void addFloats(Row row) {
        Arrays.fill(row.floatSums, 0f);
        for (int i = 0; i < k; i++) {
            weights.add(i, row.values[i], row.floatSums, 0);
        }
    }
}
