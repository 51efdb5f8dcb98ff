package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;

/**
 * Depthwise Conv2d with one output for each channel, {@link Lanes#NR} channels at a time: the image rows that a row of
 * outputs needs are turned into floats, with their padding, and kept for the next row of outputs.
 */
final class VectorDepthwiseConv2d extends Conv2d {
    /** Output pixels computed side by side. */
    private static final int PIXELS = 4;

    private final ScratchPool pool;
    private final TileStore store;
    private final int panels;
    private final int taps;
    // [panel][kh * kw][NR], filled up with zeros.
    private final float[] weights;
    // Image rows from the first to the last kernel row, those that dilation skips included.
    private final int span;

    VectorDepthwiseConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.store = new TileStore(Epilogue.of(spec, bias), Sums.of(spec), 0, spec.oc());
        this.panels = Math.ceilDiv(spec.oc(), NR);
        this.taps = (int) spec.reduction();
        this.weights = new float[panels * taps * NR];
        this.span = (spec.window().kh() - 1) * spec.window().dilationH() + 1;
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int oc = 0; oc < spec.oc(); oc++) {
            for (int tap = 0; tap < taps; tap++) {
                this.weights[(oc / NR * taps + tap) * NR + oc % NR] = reader.get(tap, oc);
            }
        }
    }

    /** Returns whether this class runs a spec; sums of integers must stay exact in binary32. */
    static boolean serves(Conv2dSpec spec) {
        return spec.isDepthwise() && spec.oc() == spec.ic() && spec.reduction() <= (spec.isInteger() ? 256 : 1024)
                && (long) (spec.window().kh() - 1) * spec.window().dilationH() < 1024;
    }

    @Override
    protected String kernelName() {
        boolean integer = spec().isInteger();
        return spec().src() + (integer ? spec().weights().label() : "") + "_dwconv_" + (integer ? "f32fma_" : "")
                + PIXELS + "x" + NR + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        int threads = parallelism().threads();
        if (threads == 1) {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            for (long part = 0; part < n * panels; part++) {
                rows(scratch, part / panels, (int) (part % panels), 0, oh);
            }
            pool.give(scratch);
            return;
        }
        long chunk = Math.max(1, Math.min(oh, oh * n * panels / (4L * threads)));
        long chunks = Math.ceilDiv(oh, chunk);
        parallelism().run(n * panels * chunks, part -> {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            long first = part % chunks * chunk;
            long rest = part / chunks;
            rows(scratch, rest / panels, (int) (rest % panels), first, Math.min(oh, first + chunk));
            pool.give(scratch);
        });
    }

    private void bind(Scratch scratch, long h, long w, MemorySegment src, long oh, long ow,
            MemorySegment residual, MemorySegment dst) {
        scratch.bindImages(src, spec().ic(), h, w, oh, ow);
        scratch.bindResidual(residual, spec().oc());
        scratch.bindDestination(dst, spec().oc());
    }

    /** Computes output rows [first, end) of one image and panel of channels. */
    private void rows(Scratch scratch, long image, int panel, long first, long end) {
        Window window = spec().window();
        int rowLength = rowLength(scratch);
        scratch.growSums(span * rowLength);
        scratch.growOffsets(taps + span);
        Arrays.fill(scratch.offsets, taps, taps + span, Integer.MIN_VALUE);
        for (long y = first; y < end; y++) {
            long top = y * window.strideH() - window.padTop();
            for (int ky = 0; ky < window.kh(); ky++) {
                long row = top + (long) ky * window.dilationH();
                int slot = (int) Math.floorMod(row, (long) span);
                if (scratch.offsets[taps + slot] != (int) row) {
                    loadRow(scratch, image, panel, row, slot * rowLength, rowLength);
                    scratch.offsets[taps + slot] = (int) row;
                }
                for (int kx = 0; kx < window.kw(); kx++) {
                    scratch.offsets[ky * window.kw() + kx] = slot * rowLength + kx * window.dilationW() * NR;
                }
            }
            storeRow(scratch, image, panel, y);
        }
    }

    /** Returns the floats of one padded image row, those included that only unwanted pixels of a tile see. */
    private int rowLength(Scratch scratch) {
        Window window = spec().window();
        long outputs = Math.ceilDiv(scratch.ow, PIXELS) * PIXELS;
        long pixels = (outputs - 1) * window.strideW() + (long) (window.kw() - 1) * window.dilationW() + 1;
        return Math.toIntExact(Math.multiplyExact(pixels, NR));
    }

    private void loadRow(Scratch scratch, long image, int panel, long row, int at, int length) {
        float[] to = scratch.sums;
        if (row < 0 || row >= scratch.h) {
            Arrays.fill(to, at, at + length, 0f);
            return;
        }
        DataType type = spec().src();
        int zeroPoint = spec().srcParams().zeroPoint();
        int channel = panel * NR;
        int channels = Math.min(NR, spec().ic() - channel);
        int padding = Math.min(length / NR, spec().window().padLeft());
        int inside = (int) Math.min(length / NR - padding, scratch.w);
        Arrays.fill(to, at, at + padding * NR, 0f);
        long source = (image * scratch.h + row) * scratch.w * spec().ic() + channel;
        for (int x = 0; x < inside; x++) {
            Runs.load(type, scratch.src, source + (long) x * spec().ic(), zeroPoint, to, at + (padding + x) * NR,
                    channels);
        }
        int written = (padding + inside) * NR;
        Arrays.fill(to, at + written, at + length, 0f);
    }

    private void storeRow(Scratch scratch, long image, int panel, long y) {
        int step = spec().window().strideW() * NR;
        for (long x = 0; x < scratch.ow; x += PIXELS) {
            multiply(scratch.sums, (int) x * step, step, scratch.offsets, taps, weights, panel * taps * NR,
                    scratch.tile);
            int kept = (int) Math.min(PIXELS, scratch.ow - x);
            long pixel = (image * scratch.oh + y) * scratch.ow + x;
            if (store.isInteger()) {
                store.storeIntegers(scratch, 0, pixel, 0, kept, panel);
            } else {
                store.storeFloats(scratch, scratch.tile, 0, pixel, 0, kept, panel);
            }
        }
    }

    /** Four output pixels, {@code step} floats apart in the rows; {@code offsets} says where each tap reads. */
    private static void multiply(float[] rows, int at, int step, int[] offsets, int taps, float[] weights,
            int weightsAt, float[] tile) {
        FloatVector u0 = FloatVector.zero(FLOATS);
        FloatVector v0 = FloatVector.zero(FLOATS);
        FloatVector u1 = FloatVector.zero(FLOATS);
        FloatVector v1 = FloatVector.zero(FLOATS);
        FloatVector u2 = FloatVector.zero(FLOATS);
        FloatVector v2 = FloatVector.zero(FLOATS);
        FloatVector u3 = FloatVector.zero(FLOATS);
        FloatVector v3 = FloatVector.zero(FLOATS);
        for (int tap = 0; tap < taps; tap++) {
            FloatVector w0 = FloatVector.fromArray(FLOATS, weights, weightsAt + tap * NR);
            FloatVector w1 = FloatVector.fromArray(FLOATS, weights, weightsAt + tap * NR + F);
            int from = at + offsets[tap];
            u0 = FloatVector.fromArray(FLOATS, rows, from).fma(w0, u0);
            v0 = FloatVector.fromArray(FLOATS, rows, from + F).fma(w1, v0);
            u1 = FloatVector.fromArray(FLOATS, rows, from + step).fma(w0, u1);
            v1 = FloatVector.fromArray(FLOATS, rows, from + step + F).fma(w1, v1);
            u2 = FloatVector.fromArray(FLOATS, rows, from + 2 * step).fma(w0, u2);
            v2 = FloatVector.fromArray(FLOATS, rows, from + 2 * step + F).fma(w1, v2);
            u3 = FloatVector.fromArray(FLOATS, rows, from + 3 * step).fma(w0, u3);
            v3 = FloatVector.fromArray(FLOATS, rows, from + 3 * step + F).fma(w1, v3);
        }
        u0.intoArray(tile, 0);
        v0.intoArray(tile, F);
        u1.intoArray(tile, NR);
        v1.intoArray(tile, NR + F);
        u2.intoArray(tile, 2 * NR);
        v2.intoArray(tile, 2 * NR + F);
        u3.intoArray(tile, 3 * NR);
        v3.intoArray(tile, 3 * NR + F);
    }
}
