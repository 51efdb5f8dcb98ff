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
        if (quantize.toNhwc()) {
            toNhwc(src, dst);
            return;
        }
        QuantParams params = quantize.params();
        long run = Elements.run(params, src.shape());
        long elements = src.shape().elements();
        int channel = 0;
        for (long start = 0; start < elements; start += run) {
            float scale = params.scale(channel);
            int zeroPoint = params.zeroPoint(channel);
            for (long i = start; i < start + run; i++) {
                level(src, i, dst, i, scale, zeroPoint);
            }
            channel = (channel + 1) % params.count();
        }
    }

    private void toNhwc(Tensor src, Tensor dst) {
        long channels = src.shape().dim(1);
        long pixels = src.shape().dim(2) * src.shape().dim(3);
        float scale = quantize.params().scale();
        int zeroPoint = quantize.params().zeroPoint();
        for (long i = 0; i < src.shape().elements(); i++) {
            long image = i / (channels * pixels);
            long channel = i / pixels % channels;
            level(src, i, dst, (image * pixels + i % pixels) * channels + channel, scale, zeroPoint);
        }
    }

    private void level(Tensor src, long from, Tensor dst, long to, float scale, int zeroPoint) {
        Elements.setByte(dst.data(), to, Quantizer.quantize(Elements.getFloat(src.data(), from), scale, zeroPoint,
                quantize.dstType(), quantize.rounding()));
    }
}
