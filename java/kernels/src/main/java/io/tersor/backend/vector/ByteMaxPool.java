package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.WHOLE_BYTES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/** Maxima of 8-bit pixels, which stay bytes: a whole vector of channels at a time, the rest one by one. */
final class ByteMaxPool {
    private static final int LENGTH = WHOLE_BYTES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final Window window;
    // Flips unsigned levels into the order of signed ones and back.
    private final byte flip;

    ByteMaxPool(Pool2dSpec spec) {
        this.window = spec.window();
        this.flip = spec.type() == DataType.U8 ? Byte.MIN_VALUE : 0;
    }

    /** Computes one row of outputs, y of its image. */
    void row(Scratch images, long image, long y, MemorySegment dst, long pixel) {
        int channels = (int) images.ld;
        long top = y * window.strideH() - window.padTop();
        int firstRow = firstInside(top, window.dilationH(), window.kh());
        int endRow = endInside(top, window.dilationH(), window.kh(), images.h);
        for (long x = 0; x < images.ow; x++) {
            long left = x * window.strideW() - window.padLeft();
            int firstColumn = firstInside(left, window.dilationW(), window.kw());
            int endColumn = endInside(left, window.dilationW(), window.kw(), images.w);
            int columns = Math.max(0, endColumn - firstColumn);
            int rows = columns == 0 ? 0 : Math.max(0, endRow - firstRow);
            long start = ((image * images.h + top + (long) firstRow * window.dilationH()) * images.w + left
                    + (long) firstColumn * window.dilationW()) * channels;
            pixel(images, start, rows, columns, dst, (pixel + x) * channels);
        }
    }

    private void pixel(Scratch images, long start, int rows, int columns, MemorySegment dst, long to) {
        MemorySegment src = images.src;
        int channels = (int) images.ld;
        long rowStep = window.dilationH() * images.w * channels;
        long columnStep = (long) window.dilationW() * channels;
        int c = 0;
        for (; c + LENGTH <= channels; c += LENGTH) {
            ByteVector max = ByteVector.broadcast(WHOLE_BYTES, Byte.MIN_VALUE);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    long at = start + c + i * rowStep + j * columnStep;
                    max = max.max(ByteVector.fromMemorySegment(WHOLE_BYTES, src, at, ORDER)
                            .lanewise(VectorOperators.XOR, flip));
                }
            }
            max.lanewise(VectorOperators.XOR, flip).intoMemorySegment(dst, to + c, ORDER);
        }
        for (; c < channels; c++) {
            int max = Byte.MIN_VALUE;
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    byte level = src.get(JAVA_BYTE, start + c + i * rowStep + j * columnStep);
                    max = Math.max(max, (byte) (level ^ flip));
                }
            }
            dst.set(JAVA_BYTE, to + c, (byte) (max ^ flip));
        }
    }

    /** Returns the first tap that lies at 0 or behind. */
    private static int firstInside(long start, long dilation, int taps) {
        return start >= 0 ? 0 : (int) Math.min(taps, Math.ceilDiv(-start, dilation));
    }

    /** Returns the first tap that lies behind the extent. */
    private static int endInside(long start, long dilation, int taps, long extent) {
        return start >= extent ? 0 : (int) Math.min(taps, Math.ceilDiv(extent - start, dilation));
    }
}
