package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
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
    /** Vectors of pixels that a part of the kernel's lines reads at once: half of what an L1 cache holds of them. */
    private static final int PART_VECTORS = 256;

    private static final float[] ZEROS = new float[MR * NR];

    private final ScratchPool pool;
    private final AtomicReference<Operands> spare = new AtomicReference<>();
    private final TileStore store;
    private final int panels;
    private final DepthwiseLines lines;
    private final DepthwiseTaps taps;
    private final Optional<DepthwiseFft> fft;
    // [panel][taps in the kernel's order][NR].
    private final float[] weights;
    // Image rows from the first to the last kernel row, those that dilation skips included.
    private final int span;

    VectorDepthwiseConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options,
            ScratchPool pool) {
        this(spec, weights, bias, options, pool, Arena.ofShared());
    }

    private VectorDepthwiseConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, options.parallelism(), arena);
        this.pool = pool;
        this.store = new TileStore(Epilogue.of(spec, bias), Sums.of(spec), 0, spec.oc());
        this.panels = Math.ceilDiv(spec.oc(), NR);
        this.lines = new DepthwiseLines(spec);
        // Integers are stored from a tile, without sums on the way.
        int most = spec.isInteger() ? spec.window().kh()
                : Math.max(1, PART_VECTORS / (spec.window().kw() + MR));
        this.taps = new DepthwiseTaps(spec.window(), most);
        this.weights = new float[panels * taps.count() * NR];
        this.span = (spec.window().kh() - 1) * spec.window().dilationH() + 1;
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int oc = 0; oc < spec.oc(); oc++) {
            for (int i = 0; i < taps.count(); i++) {
                this.weights[(oc / NR * taps.count() + i) * NR + oc % NR] = reader.get(taps.tap(i), oc);
            }
        }
        this.fft = options.normwise() && DepthwiseFft.serves(spec, weights)
                ? Optional.of(new DepthwiseFft(spec, weights, store, arena)) : Optional.empty();
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
                + (fft.isPresent() ? "fft_or_" : "")
                + MR + "x" + NR + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        Optional<FftPlan> plan = fft.isEmpty() ? Optional.empty() : fft.get().plan(oh, ow);
        if (parallelism().threads() == 1) {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            for (long part = 0; part < n * panels; part++) {
                compute(scratch, plan, part / panels, (int) (part % panels), 0, oh);
            }
            pool.give(scratch);
            return;
        }
        Operands kept = spare.getAndSet(null);
        Operands run = kept == null ? new Operands() : kept;
        run.set(h, w, src, oh, ow, residual, dst);
        try {
            run.start(n, plan);
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
        private Optional<FftPlan> plan = Optional.empty();
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

        private void start(long images, Optional<FftPlan> transformations) {
            plan = transformations;
            long share = Math.max(1, Math.min(oh, oh * images * panels / (4L * parallelism().threads())));
            chunk = plan.isPresent() ? fft.orElseThrow().lines(plan.get()) : share;
            chunks = Math.ceilDiv(oh, chunk);
            parallelism().run(images * panels * chunks, this);
        }

        @Override
        public void run(long part) {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            long first = part % chunks * chunk;
            long rest = part / chunks;
            compute(scratch, plan, rest / panels, (int) (rest % panels), first, Math.min(oh, first + chunk));
            pool.give(scratch);
        }
    }

    private void bind(Scratch scratch, long h, long w, MemorySegment src, long oh, long ow,
            MemorySegment residual, MemorySegment dst) {
        scratch.bindImages(src, spec().ic(), h, w, oh, ow);
        scratch.bindResidual(residual, spec().oc());
        scratch.bindDestination(dst, spec().oc());
    }

    /** Computes output rows [first, end) of one image and panel of channels, by spectra where these serve. */
    private void compute(Scratch scratch, Optional<FftPlan> plan, long image, int panel, long first, long end) {
        if (plan.isPresent() && fft.orElseThrow().isBounded(scratch, image, panel, first, end)) {
            fft.orElseThrow().rows(scratch, plan.get(), image, panel, first, end);
        } else {
            rows(scratch, image, panel, first, end);
        }
    }

    /** Computes output rows by direct sums. */
    private void rows(Scratch scratch, long image, int panel, long first, long end) {
        Window window = spec().window();
        int length = lines.length(scratch.ow);
        // Behind the lines a row of sums, in whole tiles; the last pixels are computed with some that nobody keeps.
        int row = Math.toIntExact(Math.multiplyExact(Math.ceilDiv(scratch.ow, (long) MR), MR * NR));
        int sums = Math.multiplyExact(span, length);
        scratch.growSums(Math.addExact(sums, Math.max(row, MR * NR)));
        int slots = taps.firstGroup(taps.parts());
        scratch.growOffsets(slots + span);
        Arrays.fill(scratch.offsets, slots, slots + span, Integer.MIN_VALUE);
        for (long y = first; y < end; y++) {
            long top = y * window.strideH() - window.padTop();
            for (int ky = 0; ky < window.kh(); ky++) {
                long line = top + (long) ky * window.dilationH();
                int slot = (int) Math.floorMod(line, (long) span);
                if (scratch.offsets[slots + slot] != (int) line) {
                    lines.load(scratch, image, line, panel * NR, slot * length);
                    scratch.offsets[slots + slot] = (int) line;
                }
                taps.place(scratch.offsets, ky, slot * length, lines, scratch.ow);
            }
            if (taps.parts() > 1) {
                sumRow(scratch, panel, sums);
            }
            storeRow(scratch, image, panel, y, sums);
        }
    }

    /** Computes the sums of a row of pixels part by part, each for all pixels while its lines are in L1. */
    private void sumRow(Scratch scratch, int panel, int sums) {
        for (int half = 0; half < Math.min(NR, spec().oc() - panel * NR); half += F) {
            for (int part = 0; part < taps.parts(); part++) {
                for (long x = 0; x < scratch.ow; x += MR) {
                    int at = (int) x * NR + half;
                    multiply(scratch, at, (int) Math.min(MR, scratch.ow - x), panel, part, half, scratch.sums,
                            sums + at);
                }
            }
        }
    }

    private void storeRow(Scratch scratch, long image, int panel, long y, int sums) {
        for (long x = 0; x < scratch.ow; x += MR) {
            int count = (int) Math.min(MR, scratch.ow - x);
            for (int half = 0; taps.parts() == 1 && half < Math.min(NR, spec().oc() - panel * NR); half += F) {
                multiply(scratch, (int) x * NR + half, count, panel, 0, half, scratch.tile, half);
            }
            long pixel = (image * scratch.oh + y) * scratch.ow + x;
            if (store.isInteger()) {
                store.storeIntegers(scratch, 0, pixel, 0, count, panel);
            } else if (taps.parts() == 1) {
                store.storeFloats(scratch, scratch.tile, 0, pixel, 0, count, panel);
            } else {
                store.storeFloats(scratch, scratch.sums, sums + (int) x * NR, pixel, 0, count, panel);
            }
        }
    }

    /** Adds a part of the kernel's lines to a vector of channels of up to {@link Lanes#MR} pixels, or starts them. */
    private void multiply(Scratch scratch, int at, int pixels, int panel, int part, int half, float[] to, int o) {
        int group = taps.firstGroup(part);
        int triples = taps.triples(part);
        int singles = taps.singles(part);
        int w = (panel * taps.count() + taps.firstTap(part)) * NR + half;
        float[] from = part == 0 ? ZEROS : to;
        int start = part == 0 ? 0 : o;
        if (MR == 12 && pixels > 4) {
            DepthwiseKernel.pixels12(scratch.sums, at, scratch.offsets, group, triples, singles, weights, w, from,
                    start, to, o);
            return;
        }
        for (int p = 0; p < pixels * NR; p += 4 * NR) {
            DepthwiseKernel.pixels4(scratch.sums, at + p, scratch.offsets, group, triples, singles, weights, w, from,
                    start + p, to, o + p);
        }
    }
}
