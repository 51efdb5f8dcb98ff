package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Global average pooling, channel by channel; sums are binary64, so exact for integers. */
final class ScalarGlobalAveragePool extends Unary {
    private final GlobalAveragePoolSpec pool;

    ScalarGlobalAveragePool(GlobalAveragePoolSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.pool = spec;
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long channels = src.shape().dim(3);
        long pixels = src.shape().dim(1) * src.shape().dim(2);
        for (long image = 0; image < src.shape().dim(0); image++) {
            for (long c = 0; c < channels; c++) {
                double sum = sum(src.data(), image * pixels * channels + c, pixels, channels);
                store(sum, pixels, dst.data(), image * channels + c);
            }
        }
    }

    private double sum(MemorySegment src, long first, long pixels, long channels) {
        double sum = 0;
        for (long i = 0; i < pixels; i++) {
            long at = first + i * channels;
            sum += pool.type() == DataType.F32 ? Elements.getFloat(src, at) : Elements.getInt(src, pool.type(), at);
        }
        return sum;
    }

    private void store(double sum, long pixels, MemorySegment dst, long offset) {
        if (pool.type() == DataType.F32) {
            Elements.setFloat(dst, offset, pixels == 0 ? 0f : (float) (sum / pixels));
            return;
        }
        long level = (long) sum - pixels * pool.srcParams().zeroPoint();
        float r = pixels == 0 ? 0f : (float) level * pool.multiplier() / pixels;
        Elements.setByte(dst, offset, Quantizer.saturate(r, pool.dstParams().zeroPoint(), pool.type(),
                Rounding.HALF_EVEN));
    }
}
