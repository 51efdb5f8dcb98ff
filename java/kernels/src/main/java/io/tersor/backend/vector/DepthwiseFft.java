package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReferenceArray;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Depthwise f32 convolutions by products of spectra, tile by tile with overlap (overlap-save; Oppenheim and Schafer,
 * "Discrete-Time Signal Processing", section 8.7.3). A tile's pixels are complex numbers, their real parts one vector
 * of channels and their imaginary parts the next, so that a complex transformation serves two real images.
 *
 * <p>Errors are bounded as {@link io.tersor.kernel.PrepareOptions#normwiseErrors()} says: with u = 2^-24, a
 * transformation of n elements is off by at most about 6.7 u log2(n) of its norm (Higham, "Accuracy and Stability of
 * Numerical Algorithms", 2002, theorem 24.2), two of them and the products between by less than 14 u log2(n) of the
 * norm of the tile's complex numbers times the largest factor, which the weights' magnitudes add up to at most. Zeros
 * of an image, or padding alone, therefore do not give exact zeros.
 */
final class DepthwiseFft {
    /** Lengths that tiles may have. */
    private static final int[] LENGTHS = {8, 12, 16, 24, 32, 48, 64, 96, 128};

    /** Values up to here cannot overflow on the way, nor can infinities or NaN spread. */
    private static final float LARGEST = 0x1p50f;

    /**
     * Nanoseconds for a panel of channels, of which only the ratio matters: a tap of a direct sum, a pixel of a tile
     * for each doubling of the tile's pixels (Zen 5, 512 bits: 0.5 to 0.65, and 2.7 to 3.1 for tiles of 16^2 to 128^2).
     * Spectra win from about 11x11 taps on: with 31x31 they take a sixth of the time.
     */
    private static final double TAP = 0.55;
    private static final double DOUBLING = 3;

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final Window window;
    private final int channels;
    // [channels][kh][kw]
    private final float[] weights;
    private final TileStore store;
    private final Arena arena;
    private final AtomicReferenceArray<Optional<FftPlan>> plans =
            new AtomicReferenceArray<>(LENGTHS.length * LENGTHS.length);

    /**
     * @param arena where spectra are kept
     */
    DepthwiseFft(Conv2dSpec spec, Tensor weights, TileStore store, Arena arena) {
        this.window = spec.window();
        this.channels = spec.oc();
        this.store = store;
        this.arena = arena;
        int taps = (int) spec.reduction();
        this.weights = new float[channels * taps];
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int c = 0; c < channels; c++) {
            for (int tap = 0; tap < taps; tap++) {
                this.weights[c * taps + tap] = reader.get(tap, c);
            }
        }
    }

    /** Returns whether this class runs a spec that the depthwise convolution does, with such weights. */
    static boolean serves(Conv2dSpec spec, Tensor weights) {
        Window window = spec.window();
        if (spec.isInteger() || !window.hasUnitSteps()
                || Math.max(window.kh(), window.kw()) > LENGTHS[LENGTHS.length - 1] / 2) {
            return false;
        }
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int c = 0; c < spec.oc(); c++) {
            double sum = 0;
            for (int tap = 0; tap < spec.reduction(); tap++) {
                sum += Math.abs(reader.get(tap, c));
            }
            if (!(sum <= LARGEST)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Returns the transformations for images of a size, or none where direct sums are faster. Those of a new size are
     * prepared by the first run.
     *
     * @param oh lines of the output
     * @param ow columns of the output
     */
    Optional<FftPlan> plan(long oh, long ow) {
        double least = (double) oh * ow * window.kh() * window.kw() * TAP;
        int best = -1;
        for (int i = 0; i < plans.length(); i++) {
            int nh = LENGTHS[i / LENGTHS.length];
            int nw = LENGTHS[i % LENGTHS.length];
            if (nh >= window.kh() && nw >= window.kw()) {
                double tiles = Math.ceil((double) oh / (nh - window.kh() + 1))
                        * Math.ceil((double) ow / (nw - window.kw() + 1));
                double cost = tiles * nh * nw * DOUBLING * Math.log((double) nh * nw) / Math.log(2);
                if (cost < least) {
                    least = cost;
                    best = i;
                }
            }
        }
        return best < 0 ? Optional.empty() : plan(best);
    }

    private Optional<FftPlan> plan(int i) {
        Optional<FftPlan> plan = plans.get(i);
        return plan == null ? prepare(i) : plan;
    }

    private synchronized Optional<FftPlan> prepare(int i) {
        if (plans.get(i) == null) {
            plans.set(i, Optional.of(new FftPlan(LENGTHS[i / LENGTHS.length], LENGTHS[i % LENGTHS.length], channels,
                    window, weights, arena)));
        }
        return plans.get(i);
    }

    /** Returns how many lines of the output a tile has. */
    int lines(FftPlan plan) {
        return plan.nh() - window.kh() + 1;
    }

    /** Returns whether all that lines [first, end) of the output depend on is finite and of a usual size. */
    boolean isBounded(Scratch scratch, long image, int panel, long first, long end) {
        long top = Math.max(0, first - window.padTop());
        long bottom = Math.min(scratch.h, end - 1 - window.padTop() + window.kh());
        int present = Math.min(NR, channels - panel * NR);
        long pixel = (image * scratch.h + top) * scratch.w * channels + panel * NR;
        long pixels = Math.max(0, bottom - top) * scratch.w;
        int whole = present / F * F;
        int largest = whole == 0 ? 0 : largest(scratch.src, pixel, pixels, channels, whole);
        for (long i = 0; whole < present && i < pixels; i++) {
            for (int c = whole; c < present; c++) {
                float x = scratch.src.getAtIndex(JAVA_FLOAT, pixel + i * channels + c);
                largest = Math.max(largest, Float.floatToRawIntBits(Math.abs(x)));
            }
        }
        return largest <= Float.floatToRawIntBits(LARGEST);
    }

    /** The bits of magnitudes are in their order as integers, those of NaN behind infinity. */
    private static int largest(MemorySegment src, long element, long pixels, int step, int count) {
        IntVector largest = IntVector.zero(INTS);
        for (long i = 0; i < pixels; i++) {
            long at = (element + i * step) * Float.BYTES;
            for (int c = 0; c < count; c += F) {
                IntVector bits = IntVector.fromMemorySegment(INTS, src, at + (long) c * Float.BYTES, ORDER);
                largest = largest.max(bits.and(Integer.MAX_VALUE));
            }
        }
        return largest.reduceLanes(VectorOperators.MAX);
    }

    /** Computes output lines [first, end) of one image and panel of channels. */
    void rows(Scratch scratch, FftPlan plan, long image, int panel, long first, long end) {
        int height = lines(plan);
        int width = plan.nw() - window.kw() + 1;
        MemorySegment memory = scratch.panels(plan.columnBytes() + plan.nh() * plan.lineBytes());
        scratch.growSums(Math.ceilDiv(width, MR) * MR * NR);
        for (long y = first; y < end; y += height) {
            int tileLines = (int) Math.min(height, end - y);
            for (long x = 0; x < scratch.ow; x += width) {
                int tileColumns = (int) Math.min(width, scratch.ow - x);
                load(scratch, plan, memory, image, panel, y, x, tileLines, tileColumns);
                plan.convolve(memory, plan.columnBytes(), 0, panel);
                store(scratch, plan, memory, image, panel, y, x, tileLines, tileColumns);
            }
        }
    }

    /** Loads and transforms the lines that a tile of the output depends on. */
    private void load(Scratch scratch, FftPlan plan, MemorySegment memory, long image, int panel, long y, long x,
            int tileLines, int tileColumns) {
        long left = x - window.padLeft();
        int pixels = tileColumns + window.kw() - 1;
        int from = (int) Math.clamp(-left, 0L, (long) pixels);
        int until = (int) Math.clamp(scratch.w - left, (long) from, (long) pixels);
        for (int r = 0; r < plan.nh(); r++) {
            long at = plan.columnBytes() + r * plan.lineBytes();
            long line = y - window.padTop() + r;
            if (line < 0 || line >= scratch.h || r >= tileLines + window.kh() - 1 || from == until) {
                zero(memory, at, plan.nw());
                continue;
            }
            zero(memory, at, from);
            long element = ((image * scratch.h + line) * scratch.w + left + from) * channels + panel * NR;
            loadPixels(scratch.src, element, memory, at + (long) from * Fft.BYTES, until - from,
                    Math.min(NR, channels - panel * NR));
            zero(memory, at + (long) until * Fft.BYTES, plan.nw() - until);
            plan.forward(memory, at);
        }
    }

    private void loadPixels(MemorySegment src, long element, MemorySegment memory, long at, int count, int present) {
        if (present == NR) {
            loadWhole(src, element, channels, memory, at, count);
            return;
        }
        zero(memory, at, count);
        for (int i = 0; i < count; i++) {
            MemorySegment.copy(src, (element + (long) i * channels) * Float.BYTES, memory, at + (long) i * Fft.BYTES,
                    (long) present * Float.BYTES);
        }
    }

    private static void loadWhole(MemorySegment src, long element, int step, MemorySegment memory, long at, int count) {
        for (int i = 0; i < count; i++) {
            long from = (element + (long) i * step) * Float.BYTES;
            long to = at + (long) i * Fft.BYTES;
            FloatVector.fromMemorySegment(FLOATS, src, from, ORDER).intoMemorySegment(memory, to, ORDER);
            FloatVector.fromMemorySegment(FLOATS, src, from + F * Float.BYTES, ORDER)
                    .intoMemorySegment(memory, to + F * Float.BYTES, ORDER);
        }
    }

    private static void zero(MemorySegment memory, long at, int elements) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (int i = 0; i < 2 * elements; i++) {
            zero.intoMemorySegment(memory, at + (long) i * F * Float.BYTES, ORDER);
        }
    }

    /** Transforms a tile's lines back and stores what is no overlap. */
    private void store(Scratch scratch, FftPlan plan, MemorySegment memory, long image, int panel, long y, long x,
            int tileLines, int tileColumns) {
        for (int r = 0; r < tileLines; r++) {
            long at = plan.columnBytes() + r * plan.lineBytes();
            plan.inverse(memory, at);
            MemorySegment.copy(memory, JAVA_FLOAT, at, scratch.sums, 0, tileColumns * NR);
            long pixel = (image * scratch.oh + y + r) * scratch.ow + x;
            for (int i = 0; i < tileColumns; i += MR) {
                store.storeFloats(scratch, scratch.sums, i * NR, pixel + i, 0, Math.min(MR, tileColumns - i), panel);
            }
        }
    }
}
