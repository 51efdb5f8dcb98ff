package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Lines of an image as a depthwise convolution reads them: floats of {@link Lanes#NR} channels, integers as
 * q - zeroPoint, with zeros for the padding.
 *
 * <p>A line lies in {@link Scratch#sums} as [strideW][pixels][NR]: the pixels of one phase are those that a tap reads
 * for neighbouring outputs, so that they are neighbours whatever the stride is.
 */
final class DepthwiseLines {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final DataType type;
    private final int zeroPoint;
    private final int ic;
    private final int stride;
    private final int padding;
    private final int dilation;
    private final int lastTap;

    DepthwiseLines(Conv2dSpec spec) {
        Window window = spec.window();
        this.type = spec.src();
        this.zeroPoint = spec.srcParams().zeroPoint();
        this.ic = spec.ic();
        this.stride = window.strideW();
        this.padding = window.padLeft();
        this.dilation = window.dilationW();
        this.lastTap = Math.multiplyExact(window.kw() - 1, dilation);
    }

    /** Returns the floats of a line from which {@code ow} outputs are computed. */
    int length(long ow) {
        return Math.toIntExact(Math.multiplyExact(stride * pixels(ow), (long) NR));
    }

    /** Returns where in a line the pixel lies that tap kx reads for the first output. */
    int offset(int kx, long ow) {
        int pixel = kx * dilation;
        return (int) (pixel % stride * pixels(ow) + pixel / stride) * NR;
    }

    private long pixels(long ow) {
        return ow + lastTap / stride;
    }

    /**
     * Loads a line of the image that the scratch is bound to.
     *
     * @param row the line in the image, maybe outside
     * @param channel the first channel
     * @param at where the line starts in {@link Scratch#sums}
     */
    void load(Scratch scratch, long image, long row, int channel, int at) {
        if (row < 0 || row >= scratch.h) {
            Arrays.fill(scratch.sums, at, at + length(scratch.ow), 0f);
            return;
        }
        long line = (image * scratch.h + row) * scratch.w;
        int pixels = (int) pixels(scratch.ow);
        int channels = Math.min(NR, ic - channel);
        for (int phase = 0; phase < stride; phase++) {
            int from = (int) Math.clamp(Math.ceilDiv((long) padding - phase, (long) stride), 0L, (long) pixels);
            int end = (int) Math.clamp(Math.ceilDiv(padding + scratch.w - phase, (long) stride), (long) from,
                    (long) pixels);
            int start = at + phase * pixels * NR;
            Arrays.fill(scratch.sums, start, start + from * NR, 0f);
            long column = (long) from * stride + phase - padding;
            loadPixels(scratch, (line + column) * ic + channel, channels, start + from * NR, end - from);
            Arrays.fill(scratch.sums, start + end * NR, start + pixels * NR, 0f);
        }
    }

    private void loadPixels(Scratch scratch, long element, int channels, int at, int count) {
        int whole = B > F && type != DataType.F32 ? 0 : channels / F * F;
        long step = (long) stride * ic;
        for (int c = 0; c < whole; c += F) {
            if (type == DataType.F32) {
                loadFloats(scratch.src, element + c, step, scratch.sums, at + c, count);
            } else {
                loadBytes(scratch.src, element + c, step, type == DataType.S8, zeroPoint, scratch.sums, at + c, count);
            }
        }
        if (whole < channels) {
            for (int i = 0; i < count; i++) {
                Runs.load(type, scratch.src, element + whole + i * step, zeroPoint, scratch.sums, at + whole + i * NR,
                        channels - whole);
            }
        }
    }

    private static void loadFloats(MemorySegment src, long element, long step, float[] to, int at, int count) {
        long from = element * Float.BYTES;
        for (int i = 0; i < count; i++) {
            FloatVector.fromMemorySegment(FLOATS, src, from, ORDER).intoArray(to, at + i * NR);
            from += step * Float.BYTES;
        }
    }

    private static void loadBytes(MemorySegment src, long element, long step, boolean signed, int zeroPoint,
            float[] to, int at, int count) {
        // A signed byte whose sign is flipped is an unsigned one, 128 larger.
        byte flip = signed ? Byte.MIN_VALUE : 0;
        FloatVector zero = FloatVector.broadcast(FLOATS, signed ? zeroPoint + 128 : zeroPoint);
        long from = element;
        for (int i = 0; i < count; i++) {
            ByteVector v = ByteVector.fromMemorySegment(BYTES, src, from, ORDER).lanewise(VectorOperators.XOR, flip);
            ((FloatVector) v.convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0).convert(VectorOperators.I2F, 0))
                    .sub(zero).intoArray(to, at + i * NR);
            from += step;
        }
    }
}
