package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.Window;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Pooling pixel by pixel, all channels of a pixel together; sums are binary64, so exact for integers. */
final class ScalarPool2d extends Unary {
    private final Pool2dSpec pool;
    private final ThreadLocal<double[]> scratch = ThreadLocal.withInitial(() -> new double[0]);

    ScalarPool2d(Pool2dSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.pool = spec;
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        int channels = Math.toIntExact(src.shape().dim(3));
        double[] results = scratch.get();
        if (results.length != channels) {
            results = new double[channels];
            scratch.set(results);
        }
        long pixel = 0;
        for (long image = 0; image < dst.shape().dim(0); image++) {
            for (long y = 0; y < dst.shape().dim(1); y++) {
                for (long x = 0; x < dst.shape().dim(2); x++, pixel++) {
                    window(src, image, y, x, results);
                    store(results, dst.data(), pixel * channels);
                }
            }
        }
    }

    /** Leaves the maxima or the means (in units of dst, before its zero point) of one window in {@code results}. */
    private void window(Tensor src, long image, long y, long x, double[] results) {
        Window window = pool.window();
        boolean max = pool.kind() == Pool2dSpec.Kind.MAX;
        Arrays.fill(results, max ? Double.NEGATIVE_INFINITY : 0.0);
        long h = src.shape().dim(1);
        long w = src.shape().dim(2);
        int covered = 0;
        int padded = 0;
        for (int ky = 0; ky < window.kh(); ky++) {
            long row = y * window.strideH() - window.padTop() + (long) ky * window.dilationH();
            for (int kx = 0; kx < window.kw(); kx++) {
                long column = x * window.strideW() - window.padLeft() + (long) kx * window.dilationW();
                padded += row < h + window.padBottom() && column < w + window.padRight() ? 1 : 0;
                if (row >= 0 && row < h && column >= 0 && column < w) {
                    covered++;
                    add(src.data(), ((image * h + row) * w + column) * results.length, max, results);
                }
            }
        }
        if (!max) {
            divide(results, covered, pool.kind() == Pool2dSpec.Kind.AVERAGE ? covered : padded);
        }
    }

    private void add(MemorySegment src, long from, boolean max, double[] results) {
        for (int c = 0; c < results.length; c++) {
            double value = pool.type() == DataType.F32 ? Elements.getFloat(src, from + c)
                    : Elements.getInt(src, pool.type(), from + c);
            results[c] = max ? Math.max(results[c], value) : results[c] + value;
        }
    }

    private void divide(double[] sums, int covered, int count) {
        float multiplier = pool.multiplier();
        int zeroPoint = pool.srcParams().zeroPoint();
        for (int c = 0; c < sums.length; c++) {
            if (count == 0) {
                sums[c] = 0;
            } else if (pool.type() == DataType.F32) {
                sums[c] /= count;
            } else {
                sums[c] = (float) ((long) sums[c] - (long) covered * zeroPoint) * multiplier / count;
            }
        }
    }

    private void store(double[] results, MemorySegment dst, long offset) {
        DataType type = pool.type();
        for (int c = 0; c < results.length; c++) {
            if (type == DataType.F32) {
                Elements.setFloat(dst, offset + c, (float) results[c]);
            } else if (pool.kind() == Pool2dSpec.Kind.MAX) {
                Elements.setByte(dst, offset + c, (int) Math.max(results[c], type.min()));
            } else {
                Elements.setByte(dst, offset + c, Quantizer.saturate((float) results[c], pool.dstParams().zeroPoint(),
                        type, Rounding.HALF_EVEN));
            }
        }
    }
}
