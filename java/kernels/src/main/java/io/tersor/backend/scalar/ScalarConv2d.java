package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * Conv2d pixel by pixel: the sums of a pixel's output channels grow together, tap by tap and channel by channel, so that
 * the inner loop runs along the output channels. Taps in the padding are skipped: they would add zero. So are weights of
 * zero where the spec tells that there are many. f32 sums are binary32, multiplied and added without fusing.
 */
final class ScalarConv2d extends Conv2d {
    private final int groupIc;
    private final int groupOc;
    private final EpilogueStore epilogue;
    // [kh, kw, groups, ic / groups, oc / groups]; integers have their zero point subtracted.
    private final WeightRows weights;
    private final ThreadLocal<int[]> integerSums;
    private final ThreadLocal<float[]> floatSums;

    ScalarConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.groupIc = spec.ic() / spec.groups();
        this.groupOc = spec.oc() / spec.groups();
        this.epilogue = new EpilogueStore(Epilogue.of(spec, bias));
        this.integerSums = ThreadLocal.withInitial(() -> new int[spec.oc()]);
        this.floatSums = ThreadLocal.withInitial(() -> new float[spec.oc()]);
        this.weights = pack(weights);
    }

    private WeightRows pack(Tensor weights) {
        int count = (int) weights.shape().elements();
        int[] integers = new int[spec().isInteger() ? count : 0];
        float[] floats = new float[spec().isInteger() ? 0 : count];
        int taps = spec().window().kh() * spec().window().kw();
        int from = 0;
        for (int oc = 0; oc < spec().oc(); oc++) {
            int group = oc / groupOc;
            for (int ic = 0; ic < groupIc; ic++) {
                for (int tap = 0; tap < taps; tap++) {
                    int to = ((tap * spec().groups() + group) * groupIc + ic) * groupOc + oc % groupOc;
                    if (spec().isInteger()) {
                        integers[to] = (int) weights.getLong(from) - spec().weightsParams().zeroPoint(oc);
                    } else {
                        floats[to] = (float) weights.get(from);
                    }
                    from++;
                }
            }
        }
        boolean skipsZeros = spec().sparsity().isPresent();
        return spec().isInteger() ? WeightRows.of(integers, groupOc, skipsZeros)
                : WeightRows.of(floats, groupOc, skipsZeros);
    }

    @Override
    protected String kernelName() {
        return ScalarBackend.productName(spec().name(), spec().sparsity());
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        int[] integers = integerSums.get();
        float[] floats = floatSums.get();
        long pixel = 0;
        for (long image = 0; image < n; image++) {
            for (long y = 0; y < oh; y++) {
                for (long x = 0; x < ow; x++, pixel++) {
                    long at = pixel * spec().oc();
                    if (spec().isInteger()) {
                        epilogue.start(integers);
                        addWindow(src, image, h, w, y, x, integers, floats);
                        epilogue.store(integers, residual, at, dst, at);
                    } else {
                        Arrays.fill(floats, 0f);
                        addWindow(src, image, h, w, y, x, integers, floats);
                        epilogue.store(floats, residual, at, dst, at);
                    }
                }
            }
        }
    }

    private void addWindow(MemorySegment src, long image, long h, long w, long y, long x, int[] integers,
            float[] floats) {
        Window window = spec().window();
        for (int ky = 0; ky < window.kh(); ky++) {
            long row = y * window.strideH() - window.padTop() + (long) ky * window.dilationH();
            if (row < 0 || row >= h) {
                continue;
            }
            for (int kx = 0; kx < window.kw(); kx++) {
                long column = x * window.strideW() - window.padLeft() + (long) kx * window.dilationW();
                if (column < 0 || column >= w) {
                    continue;
                }
                long from = ((image * h + row) * w + column) * spec().ic();
                int tap = ky * window.kw() + kx;
                if (spec().isInteger()) {
                    addIntegers(src, from, tap, integers);
                } else {
                    addFloats(src, from, tap, floats);
                }
            }
        }
    }

    private void addIntegers(MemorySegment src, long from, int tap, int[] sums) {
        int zeroPoint = spec().srcParams().zeroPoint();
        int ic = spec().ic();
        for (int c = 0; c < ic; c++) {
            weights.add(tap * ic + c, Elements.getInt(src, spec().src(), from + c) - zeroPoint, sums,
                    c / groupIc * groupOc);
        }
    }

    private void addFloats(MemorySegment src, long from, int tap, float[] sums) {
        int ic = spec().ic();
        for (int c = 0; c < ic; c++) {
            weights.add(tap * ic + c, Elements.getFloat(src, from + c), sums, c / groupIc * groupOc);
        }
    }
}
