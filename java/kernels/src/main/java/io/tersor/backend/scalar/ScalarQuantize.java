package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.Unary;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Quantization, element by element. */
final class ScalarQuantize extends Unary {
    private final QuantizeSpec quantize;

    ScalarQuantize(QuantizeSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.quantize = spec;
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        QuantParams params = quantize.params();
        long run = Elements.run(params, src.shape());
        long elements = src.shape().elements();
        int channel = 0;
        for (long start = 0; start < elements; start += run) {
            float scale = params.scale(channel);
            int zeroPoint = params.zeroPoint(channel);
            for (long i = start; i < start + run; i++) {
                Elements.setByte(dst.data(), i, Quantizer.quantize(Elements.getFloat(src.data(), i), scale, zeroPoint,
                        quantize.dstType(), quantize.rounding()));
            }
            channel = (channel + 1) % params.count();
        }
    }
}
