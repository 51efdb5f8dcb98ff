package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Normalization row by row; the sums are binary64. */
final class ScalarLayerNorm extends LayerNorm {
    private final float[] scale;
    private final float[] bias;

    ScalarLayerNorm(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.scale = scale.toFloats();
        this.bias = bias.map(Tensor::toFloats).orElse(new float[spec.columns()]);
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(long rows, MemorySegment src, MemorySegment dst) {
        for (long row = 0; row < rows; row++) {
            row(src, dst, row * scale.length);
        }
    }

    private void row(MemorySegment src, MemorySegment dst, long first) {
        double sum = 0;
        for (int i = 0; i < scale.length && spec().centered(); i++) {
            sum += Elements.getFloat(src, first + i);
        }
        double mean = sum / scale.length;
        double squares = 0;
        for (int i = 0; i < scale.length; i++) {
            double difference = Elements.getFloat(src, first + i) - mean;
            squares += difference * difference;
        }
        double factor = 1 / Math.sqrt(squares / scale.length + spec().epsilon());
        for (int i = 0; i < scale.length; i++) {
            float y = (float) ((Elements.getFloat(src, first + i) - mean) * factor * scale[i] + bias[i]);
            if (spec().dst() == DataType.F32) {
                Elements.setFloat(dst, first + i, y);
            } else {
                Elements.setByte(dst, first + i, Quantizer.saturate(y * spec().outputScale(),
                        spec().dstParams().zeroPoint(), spec().dst(), Rounding.HALF_EVEN));
            }
        }
    }
}
