package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

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
import java.util.concurrent.atomic.AtomicReference;

/**
 * Depthwise Conv2d with one output for each channel, {@link Lanes#NR} channels at a time: the image rows that a row of
 * outputs needs are turned into floats, with their padding, and kept for the next row of outputs.
 */
final class VectorDepthwiseConv2d extends Conv2d {
    private final ScratchPool pool;
    private final AtomicReference<Operands> spare = new AtomicReference<>();
    private final TileStore store;
    private final int panels;
    private final DepthwiseLines lines;
    private final int taps;
    private final int paddedTaps;
    // [panel][paddedTaps][NR], filled up with zeros.
    private final float[] weights;
    // Image rows from the first to the last kernel row, those that dilation skips included.
    private final int span;

    VectorDepthwiseConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.store = new TileStore(Epilogue.of(spec, bias), Sums.of(spec), 0, spec.oc());
        this.panels = Math.ceilDiv(spec.oc(), NR);
        this.lines = new DepthwiseLines(spec);
        this.taps = (int) spec.reduction();
        this.paddedTaps = Math.ceilDiv(taps, DepthwiseKernel.TAPS) * DepthwiseKernel.TAPS;
        this.weights = new float[panels * paddedTaps * NR];
        this.span = (spec.window().kh() - 1) * spec.window().dilationH() + 1;
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int oc = 0; oc < spec.oc(); oc++) {
            for (int tap = 0; tap < taps; tap++) {
                this.weights[(oc / NR * paddedTaps + tap) * NR + oc % NR] = reader.get(tap, oc);
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
                + MR + "x" + NR + "__" + Lanes.BITS;
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
        Operands kept = spare.getAndSet(null);
        Operands run = kept == null ? new Operands() : kept;
        run.set(h, w, src, oh, ow, residual, dst);
        try {
            run.start(n);
        } finally {
            run.set(0, 0, MemorySegment.NULL, 0, 0, MemorySegment.NULL, MemorySegment.NULL);
            spare.set(run);
        }
    }

    /** A shared run's operands; kept for the next one, so that runs allocate nothing. */
    private final class Operands implements Parallelism.Part {
        private long h;
        private long w;
        private MemorySegment src = MemorySegment.NULL;
        private long oh;
        private long ow;
        private MemorySegment residual = MemorySegment.NULL;
        private MemorySegment dst = MemorySegment.NULL;
        private long chunk;
        private long chunks;

        private void set(long height, long width, MemorySegment source, long outHeight, long outWidth,
                MemorySegment added, MemorySegment destination) {
            h = height;
            w = width;
            src = source;
            oh = outHeight;
            ow = outWidth;
            residual = added;
            dst = destination;
        }

        private void start(long images) {
            chunk = Math.max(1, Math.min(oh, oh * images * panels / (4L * parallelism().threads())));
            chunks = Math.ceilDiv(oh, chunk);
            parallelism().run(images * panels * chunks, this);
        }

        @Override
        public void run(long part) {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            long first = part % chunks * chunk;
            long rest = part / chunks;
            rows(scratch, rest / panels, (int) (rest % panels), first, Math.min(oh, first + chunk));
            pool.give(scratch);
        }
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
        int length = lines.length(scratch.ow);
        int zeros = span * length;
        int outputs = Math.toIntExact(Math.multiplyExact(scratch.ow, (long) NR));
        scratch.growSums(Math.addExact(zeros, outputs));
        int columns = paddedTaps + span;
        scratch.growOffsets(columns + window.kw());
        // Taps that are there to fill up the last nine read zeros, as infinity * 0 is none.
        Arrays.fill(scratch.sums, zeros, zeros + outputs, 0f);
        Arrays.fill(scratch.offsets, taps, paddedTaps, zeros);
        Arrays.fill(scratch.offsets, paddedTaps, paddedTaps + span, Integer.MIN_VALUE);
        for (int kx = 0; kx < window.kw(); kx++) {
            scratch.offsets[columns + kx] = lines.offset(kx, scratch.ow);
        }
        for (long y = first; y < end; y++) {
            long top = y * window.strideH() - window.padTop();
            for (int ky = 0; ky < window.kh(); ky++) {
                long row = top + (long) ky * window.dilationH();
                int slot = (int) Math.floorMod(row, (long) span);
                if (scratch.offsets[paddedTaps + slot] != (int) row) {
                    lines.load(scratch, image, row, panel * NR, slot * length);
                    scratch.offsets[paddedTaps + slot] = (int) row;
                }
                for (int kx = 0; kx < window.kw(); kx++) {
                    scratch.offsets[ky * window.kw() + kx] = slot * length + scratch.offsets[columns + kx];
                }
            }
            storeRow(scratch, image, panel, y);
        }
    }

    private void storeRow(Scratch scratch, long image, int panel, long y) {
        int channels = spec().oc() - panel * NR;
        for (long x = 0; x < scratch.ow; x += MR) {
            int count = (int) Math.min(MR, scratch.ow - x);
            for (int half = 0; half < Math.min(NR, channels); half += F) {
                for (int tap = 0; tap < paddedTaps; tap += DepthwiseKernel.TAPS) {
                    DepthwiseKernel.multiply(scratch.sums, (int) x * NR, scratch.offsets, tap, weights,
                            (panel * paddedTaps + tap) * NR, half, scratch.tile, count, tap == 0);
                }
            }
            long pixel = (image * scratch.oh + y) * scratch.ow + x;
            if (store.isInteger()) {
                store.storeIntegers(scratch, 0, pixel, 0, count, panel);
            } else {
                store.storeFloats(scratch, scratch.tile, 0, pixel, 0, count, panel);
            }
        }
    }
}
