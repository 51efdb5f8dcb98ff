package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/** Pooling, all channels of a pixel side by side; sums of 8-bit values stay below 2^24 and so are exact. */
final class VectorPool2d extends Unary {
    private static final long MAX_WINDOW = 65_536;

    private final Pool2dSpec pool;
    private final ScratchPool scratches;
    private final float lo;
    private final float hi;
    private final Optional<ByteMaxPool> bytes;

    VectorPool2d(Pool2dSpec spec, Parallelism parallelism, ScratchPool scratches) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = spec;
        this.scratches = scratches;
        boolean ofBytes = spec.kind() == Pool2dSpec.Kind.MAX && spec.type() != DataType.F32;
        this.bytes = ofBytes ? Optional.of(new ByteMaxPool(spec)) : Optional.empty();
        // Maxima are stored as they were read, so their range is the type's own.
        int zeroPoint = spec.kind() == Pool2dSpec.Kind.MAX ? 0 : spec.dstParams().zeroPoint();
        this.lo = (float) (spec.type().min() - zeroPoint);
        this.hi = (float) (spec.type().max() - zeroPoint);
    }

    /** Returns whether sums over the window are exact. */
    static boolean serves(Pool2dSpec spec) {
        return (long) spec.window().kh() * spec.window().kw() <= MAX_WINDOW;
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        long rows = dst.shape().dim(0) * dst.shape().dim(1);
        int threads = parallelism().threads();
        if (threads == 1) {
            rows(src, dst, 0, rows);
            return;
        }
        long length = Math.max(1, rows / (4L * threads));
        parallelism().run(Math.ceilDiv(rows, length),
                part -> rows(src, dst, part * length, Math.min(rows, (part + 1) * length)));
    }

    /** Computes rows of output pixels, counted over all images. */
    private void rows(Tensor src, Tensor dst, long first, long end) {
        Scratch scratch = scratches.take();
        long oh = dst.shape().dim(1);
        long ow = dst.shape().dim(2);
        int channels = Math.toIntExact(src.shape().dim(3));
        scratch.bindImages(src.data(), channels, src.shape().dim(1), src.shape().dim(2), oh, ow);
        for (long row = first; row < end; row++) {
            if (bytes.isPresent()) {
                bytes.get().row(scratch, row / oh, row % oh, dst.data(), row * ow);
                continue;
            }
            for (long x = 0; x < ow; x++) {
                for (int channel = 0; channel < channels; channel += Chunk.LENGTH) {
                    int count = Math.min(Chunk.LENGTH, channels - channel);
                    long element = (row * ow + x) * channels + channel;
                    if (pool.kind() == Pool2dSpec.Kind.MAX) {
                        max(scratch, row / oh, row % oh, x, channel, count);
                    } else {
                        average(scratch, row / oh, row % oh, x, channel, count);
                    }
                    if (pool.type() == DataType.F32) {
                        Chunk.storeFloats(scratch, Chunk.X, count, dst.data(), element);
                    } else {
                        int zeroPoint = pool.kind() == Pool2dSpec.Kind.MAX ? 0 : pool.dstParams().zeroPoint();
                        Chunk.storeBytes(scratch, Chunk.X, count, lo, hi, zeroPoint, dst.data(), element);
                    }
                }
            }
        }
        scratches.give(scratch);
    }

    private void max(Scratch scratch, long image, long y, long x, int channel, int count) {
        Window window = pool.window();
        boolean started = false;
        for (int ky = 0; ky < window.kh(); ky++) {
            long row = y * window.strideH() - window.padTop() + (long) ky * window.dilationH();
            for (int kx = 0; kx < window.kw(); kx++) {
                long column = x * window.strideW() - window.padLeft() + (long) kx * window.dilationW();
                if (inside(scratch, row, column)) {
                    load(scratch, image, row, column, channel, 0, started ? Chunk.Y : Chunk.X, count);
                    if (started) {
                        max(scratch.a, count);
                    }
                    started = true;
                }
            }
        }
        if (!started) {
            Arrays.fill(scratch.a, Chunk.X, Chunk.X + count, Float.NEGATIVE_INFINITY);
        }
    }

    private void average(Scratch scratch, long image, long y, long x, int channel, int count) {
        Window window = pool.window();
        int covered = 0;
        int padded = 0;
        for (int ky = 0; ky < window.kh(); ky++) {
            long row = y * window.strideH() - window.padTop() + (long) ky * window.dilationH();
            for (int kx = 0; kx < window.kw(); kx++) {
                long column = x * window.strideW() - window.padLeft() + (long) kx * window.dilationW();
                padded += row < scratch.h + window.padBottom() && column < scratch.w + window.padRight() ? 1 : 0;
                if (inside(scratch, row, column)) {
                    load(scratch, image, row, column, channel, pool.srcParams().zeroPoint(),
                            covered > 0 ? Chunk.Y : Chunk.X, count);
                    if (covered > 0) {
                        add(scratch.a, count);
                    }
                    covered++;
                }
            }
        }
        if (covered == 0) {
            Arrays.fill(scratch.a, Chunk.X, Chunk.X + count, 0f);
            return;
        }
        divide(scratch.a, count, pool.multiplier(), pool.kind() == Pool2dSpec.Kind.AVERAGE ? covered : padded);
    }

    private static boolean inside(Scratch scratch, long row, long column) {
        return row >= 0 && row < scratch.h && column >= 0 && column < scratch.w;
    }

    private void load(Scratch scratch, long image, long row, long column, int channel, int zeroPoint, int at,
            int count) {
        long element = ((image * scratch.h + row) * scratch.w + column) * scratch.ld + channel;
        Runs.load(pool.type(), scratch.src, element, zeroPoint, scratch.a, at, count);
    }

    private static void max(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).max(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    /** x += y. */
    static void add(float[] x, int count) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).add(FloatVector.fromArray(FLOATS, x, Chunk.Y + i))
                    .intoArray(x, Chunk.X + i);
        }
    }

    /** x = x * multiplier / count, the multiplier being 1 for f32. */
    private static void divide(float[] x, int count, float multiplier, float pixels) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, Chunk.X + i).mul(multiplier).div(pixels).intoArray(x, Chunk.X + i);
        }
    }
}
