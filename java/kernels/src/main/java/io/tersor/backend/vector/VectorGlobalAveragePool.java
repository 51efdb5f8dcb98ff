package io.tersor.backend.vector;

import io.tersor.kernel.Backend;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * Global average pooling: pixels are added as floats while their sum is exact for 8-bit values, then in binary64, which
 * is exact for any image.
 */
final class VectorGlobalAveragePool extends Unary {
    private static final long EXACT_PIXELS = 65_536;
    // f32 sums are shorter, for accuracy.
    private static final long FLOAT_PIXELS = 64;

    private final GlobalAveragePoolSpec pool;
    private final ScratchPool scratches;
    private final float lo;
    private final float hi;

    VectorGlobalAveragePool(GlobalAveragePoolSpec spec, Parallelism parallelism, ScratchPool scratches) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = spec;
        this.scratches = scratches;
        this.lo = (float) (spec.type().min() - spec.dstParams().zeroPoint());
        this.hi = (float) (spec.type().max() - spec.dstParams().zeroPoint());
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long images = src.shape().dim(0);
        long blocks = Math.ceilDiv(src.shape().dim(3), (long) Chunk.LENGTH);
        if (parallelism().threads() == 1) {
            for (long part = 0; part < images * blocks; part++) {
                channels(src, dst, part / blocks, (int) (part % blocks) * Chunk.LENGTH);
            }
            return;
        }
        parallelism().run(images * blocks,
                part -> channels(src, dst, part / blocks, (int) (part % blocks) * Chunk.LENGTH));
    }

    /** Computes one chunk of channels of one image. */
    private void channels(Tensor src, Tensor dst, long image, int channel) {
        Scratch scratch = scratches.take();
        long channels = src.shape().dim(3);
        long pixels = src.shape().dim(1) * src.shape().dim(2);
        int count = (int) Math.min(Chunk.LENGTH, channels - channel);
        boolean floats = pool.type() == DataType.F32;
        long block = floats ? FLOAT_PIXELS : EXACT_PIXELS;
        double[] sums = scratch.doubles;
        Arrays.fill(sums, 0, count, 0);
        for (long first = 0; first < pixels; first += block) {
            long end = Math.min(pixels, first + block);
            for (long pixel = first; pixel < end; pixel++) {
                long element = (image * pixels + pixel) * channels + channel;
                int at = pixel == first ? Chunk.X : Chunk.Y;
                Runs.load(pool.type(), src.data(), element, pool.srcParams().zeroPoint(), scratch.a, at, count);
                if (pixel > first) {
                    VectorPool2d.add(scratch.a, count);
                }
            }
            for (int c = 0; c < count; c++) {
                sums[c] += scratch.a[Chunk.X + c];
            }
        }
        finish(scratch, count, pixels, dst, image * channels + channel);
        scratches.give(scratch);
    }

    private void finish(Scratch scratch, int count, long pixels, Tensor dst, long element) {
        boolean floats = pool.type() == DataType.F32;
        float multiplier = pool.multiplier();
        for (int c = 0; c < count; c++) {
            double sum = scratch.doubles[c];
            scratch.a[Chunk.X + c] = pixels == 0 ? 0f
                    : floats ? (float) (sum / pixels) : (float) sum * multiplier / pixels;
        }
        if (floats) {
            Chunk.storeFloats(scratch, Chunk.X, count, dst.data(), element);
        } else {
            Chunk.storeBytes(scratch, Chunk.X, count, lo, hi, pool.dstParams().zeroPoint(), dst.data(), element);
        }
    }
}
