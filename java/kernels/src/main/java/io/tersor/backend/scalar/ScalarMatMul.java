package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * MatMul row by row: the sums of a row grow together, k ascending, so that the inner loop runs along a row of the
 * weights. f32 sums are binary32, multiplied and added without fusing.
 */
final class ScalarMatMul extends MatMul {
    private final int k;
    private final EpilogueStore epilogue;
    // [k, n]; integer weights have their zero point subtracted. One of the two is empty.
    private final int[] integerWeights;
    private final float[] floatWeights;
    private final ThreadLocal<int[]> integerSums;
    private final ThreadLocal<float[]> floatSums;

    ScalarMatMul(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.k = (int) spec.k();
        int n = (int) spec.n();
        this.epilogue = new EpilogueStore(Epilogue.of(spec, bias));
        this.integerSums = ThreadLocal.withInitial(() -> new int[n]);
        this.floatSums = ThreadLocal.withInitial(() -> new float[n]);
        this.integerWeights = new int[spec.isInteger() ? k * n : 0];
        for (int i = 0; i < integerWeights.length; i++) {
            integerWeights[i] = (int) weights.getLong(i) - spec.weightsParams().zeroPoint(i % n);
        }
        this.floatWeights = spec.isInteger() ? new float[0] : weights.toFloats();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long m, MemorySegment src, long ldSrc, MemorySegment dst, long ldDst) {
        if (spec().isInteger()) {
            int[] sums = integerSums.get();
            for (long row = 0; row < m; row++) {
                epilogue.start(sums);
                addIntegers(src, row * ldSrc, sums);
                epilogue.store(sums, dst, row * ldDst);
            }
        } else {
            float[] sums = floatSums.get();
            for (long row = 0; row < m; row++) {
                Arrays.fill(sums, 0f);
                addFloats(src, row * ldSrc, sums);
                epilogue.store(sums, dst, row * ldDst);
            }
        }
    }

    private void addIntegers(MemorySegment src, long offset, int[] sums) {
        int zeroPoint = spec().srcParams().zeroPoint();
        for (int i = 0; i < k; i++) {
            int a = Elements.getInt(src, spec().src(), offset + i) - zeroPoint;
            int row = i * sums.length;
            for (int n = 0; n < sums.length; n++) {
                sums[n] += a * integerWeights[row + n];
            }
        }
    }

    private void addFloats(MemorySegment src, long offset, float[] sums) {
        for (int i = 0; i < k; i++) {
            float a = Elements.getFloat(src, offset + i);
            int row = i * sums.length;
            for (int n = 0; n < sums.length; n++) {
                sums[n] += a * floatWeights[row + n];
            }
        }
    }
}
