package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.Unary;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Change of quantization, element by element. */
final class ScalarRequantize extends Unary {
    private final RequantizeSpec requantize;

    ScalarRequantize(RequantizeSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.requantize = spec;
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        QuantParams params = requantize.srcParams();
        int dstZero = requantize.dstParams().zeroPoint();
        long run = Elements.run(params, src.shape());
        long elements = src.shape().elements();
        int channel = 0;
        for (long start = 0; start < elements; start += run) {
            float multiplier = requantize.multiplier(channel);
            int zeroPoint = params.zeroPoint(channel);
            for (long i = start; i < start + run; i++) {
                float r = (float) (Elements.getInt(src.data(), requantize.srcType(), i) - zeroPoint) * multiplier;
                int q = Quantizer.saturate(r, dstZero, requantize.dstType(), Rounding.HALF_EVEN);
                Elements.setByte(dst.data(), i, q);
            }
            channel = (channel + 1) % params.count();
        }
    }
}
