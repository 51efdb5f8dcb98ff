package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Dequantization, element by element. */
final class ScalarDequantize extends Unary {
    private final DequantizeSpec dequantize;

    ScalarDequantize(DequantizeSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.dequantize = spec;
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        QuantParams params = dequantize.params();
        long run = Elements.run(params, src.shape());
        long elements = src.shape().elements();
        int channel = 0;
        for (long start = 0; start < elements; start += run) {
            float scale = params.scale(channel);
            int zeroPoint = params.zeroPoint(channel);
            for (long i = start; i < start + run; i++) {
                int level = Elements.getInt(src.data(), dequantize.srcType(), i) - zeroPoint;
                Elements.setFloat(dst.data(), i, (float) level * scale);
            }
            channel = (channel + 1) % params.count();
        }
    }
}
