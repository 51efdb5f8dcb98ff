package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Quantization from NCHW to NHWC: chunks of a channel's pixels become levels, which go to their pixels one by one. */
final class VectorQuantizeNhwc extends Unary {
    private final QuantizeSpec quantize;
    private final ScratchPool pool;

    VectorQuantizeNhwc(QuantizeSpec spec, Parallelism parallelism, ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.quantize = spec;
        this.pool = pool;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long images = src.shape().dim(0);
        long blocks = Math.ceilDiv(src.shape().dim(2) * src.shape().dim(3), (long) Chunk.LENGTH);
        if (parallelism().threads() == 1) {
            blocks(src, dst, 0, images * blocks, blocks);
            return;
        }
        parallelism().run(images * blocks, part -> blocks(src, dst, part, part + 1, blocks));
    }

    /** Quantizes blocks of pixels, counted over all images. */
    private void blocks(Tensor src, Tensor dst, long first, long end, long blocksOfImage) {
        Scratch scratch = pool.take();
        float[] x = scratch.a;
        Arrays.fill(x, Chunk.SCALE, Chunk.SCALE + Chunk.LENGTH + Lanes.F, quantize.params().scale());
        Arrays.fill(x, Chunk.ZERO, Chunk.ZERO + Chunk.LENGTH + Lanes.F, quantize.params().zeroPoint());
        long channels = src.shape().dim(1);
        long pixels = src.shape().dim(2) * src.shape().dim(3);
        for (long block = first; block < end; block++) {
            long image = block / blocksOfImage;
            long pixel = block % blocksOfImage * Chunk.LENGTH;
            int count = (int) Math.min(Chunk.LENGTH, pixels - pixel);
            for (long channel = 0; channel < channels; channel++) {
                Runs.load(DataType.F32, src.data(), (image * channels + channel) * pixels + pixel, 0, x, Chunk.X, count);
                VectorQuantize.levels(quantize, x, count, x, Chunk.SCALE, x, Chunk.ZERO);
                scatter(x, count, dst.data(), (image * pixels + pixel) * channels + channel, channels);
            }
        }
        pool.give(scratch);
    }

    private static void scatter(float[] levels, int count, MemorySegment to, long at, long stride) {
        for (int i = 0; i < count; i++) {
            to.set(JAVA_BYTE, at + i * stride, (byte) (int) levels[Chunk.X + i]);
        }
    }
}
