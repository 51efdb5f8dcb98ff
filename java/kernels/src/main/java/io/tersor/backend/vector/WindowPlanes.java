package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.SparseSums.TILE;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Images channel by channel for sparse convolutions: the pixels that one tap needs for neighbouring outputs lie side by
 * side, and those of another tap a fixed number of elements further. With strides, pixels of the same remainders of row
 * and column make a plane of their own.
 *
 * <p>Outputs count along lines of {@link #width} positions, of which those beyond the output's width are computed in
 * vain: as many as the taps reach to the sides, less what padding has in common with that of the line before.
 */
final class WindowPlanes {
    /** Floats of the planes of one block at most, unless a single tile needs more, so that they stay in a usual L2. */
    private static final int BLOCK_FLOATS = 1 << 16;

    private static final int MOST_TILES = 8;

    private final Conv2dSpec spec;
    private final int channels;
    private final long h;
    private final long w;
    private final long oh;
    private final long ow;
    private final int width;
    // The first line and column of the planes, relative to an output's.
    private final int top;
    private final int left;
    private final int[] tapPlanes;
    private final int[] tapShifts;
    // Remainders of row and column of each plane.
    private final int[] remainders;
    private final int farthest;
    private final int tiles;
    private final int pitch;

    WindowPlanes(Conv2dSpec spec, long h, long w, long oh, long ow) {
        this.spec = spec;
        this.channels = spec.ic() / spec.groups();
        this.h = h;
        this.w = w;
        this.oh = oh;
        this.ow = ow;
        Window window = spec.window();
        int[] rows = distances(window.kh(), window.dilationH(), window.padTop());
        int[] columns = distances(window.kw(), window.dilationW(), window.padLeft());
        this.top = Math.floorDiv(rows[0], window.strideH());
        this.left = Math.floorDiv(columns[0], window.strideW());
        this.width = Math.toIntExact(width(columns[columns.length - 1]));
        int taps = rows.length * columns.length;
        this.tapPlanes = new int[taps];
        this.tapShifts = new int[taps];
        int[] found = new int[taps];
        int planes = 0;
        for (int tap = 0; tap < taps; tap++) {
            int row = rows[tap / columns.length];
            int column = columns[tap % columns.length];
            int remainder = Math.floorMod(row, window.strideH()) * window.strideW()
                    + Math.floorMod(column, window.strideW());
            int plane = 0;
            while (plane < planes && found[plane] != remainder) {
                plane++;
            }
            found[plane] = remainder;
            planes = Math.max(planes, plane + 1);
            tapPlanes[tap] = plane;
            tapShifts[tap] = Math.addExact(Math.multiplyExact(Math.floorDiv(row, window.strideH()) - top, width),
                    Math.floorDiv(column, window.strideW()) - left);
        }
        this.remainders = Arrays.copyOf(found, planes);
        this.farthest = Arrays.stream(tapShifts).max().orElse(0);
        long room = ((long) BLOCK_FLOATS / ((long) planes * channels) - farthest) / TILE;
        this.tiles = (int) Math.clamp(Math.min(room, Math.ceilDiv(positions(), (long) TILE)), 1L, (long) MOST_TILES);
        this.pitch = Math.addExact(tiles * TILE, Math.ceilDiv(farthest, F) * F);
        Math.multiplyExact(floats(), Float.BYTES);
    }

    /** Returns how far the taps of one axis lie behind an output's first pixel, in pixels. */
    private static int[] distances(int kernel, int dilation, int padding) {
        int[] distances = new int[kernel];
        for (int tap = 0; tap < kernel; tap++) {
            distances[tap] = tap * dilation - padding;
        }
        return distances;
    }

    /** Returns the positions of a line: columns that lines share must be padding in both. */
    private long width(int lastDistance) {
        int stride = spec.window().strideW();
        long last = ow - 1 + Math.floorDiv(lastDistance, stride);
        long lastInside = Math.floorDiv(w - 1, stride);
        return Math.min(last - left + 1, Math.max(ow, Math.max(last + 1, lastInside - left + 1)));
    }

    boolean isFor(long height, long wide) {
        return h == height && w == wide;
    }

    /** Returns the positions of an image's outputs. */
    long positions() {
        return oh * width;
    }

    /** Returns how many of them one block takes. */
    int blockPositions() {
        return tiles * TILE;
    }

    private int floats() {
        // A square reaches beyond the last channel.
        return Math.multiplyExact(Math.addExact(Math.multiplyExact(remainders.length, channels), F), pitch);
    }

    /** Returns the byte where the pixels of a column of the weights, [kh, kw, ic / groups], begin. */
    int place(int column) {
        int tap = column / channels;
        return ((tapPlanes[tap] * channels + column % channels) * pitch + tapShifts[tap]) * Float.BYTES;
    }

    /** Transposes what a block of outputs needs of one group's channels, and returns where it lies. */
    MemorySegment load(Scratch scratch, long image, long position, int group) {
        MemorySegment to = scratch.panels((long) floats() * Float.BYTES);
        int count = (int) Math.min(blockPositions(), Math.ceilDiv(positions() - position, (long) F) * F) + farthest;
        for (int first = 0; first < count; first += TILE) {
            int length = Math.min(TILE, count - first);
            // Squares overlap the next plane, which is written after.
            for (int plane = 0; plane < remainders.length; plane++) {
                for (int channel = 0; channel < channels; channel += MicroKernels.KC) {
                    int some = Math.min(MicroKernels.KC, channels - channel);
                    pack(scratch, image, position + first, length, plane, group * channels + channel, some);
                    Transposition.transpose(scratch.a, 0, MicroKernels.LDA, length, some, to,
                            (long) (plane * channels + channel) * pitch + first, pitch, scratch.squares);
                }
            }
        }
        return to;
    }

    /** Loads the channels of pixels at successive positions of a plane, zeros outside of the image. */
    private void pack(Scratch scratch, long image, long position, int count, int plane, int channel, int some) {
        Window window = spec.window();
        long line = position / width;
        long column = position % width;
        for (int i = 0; i < count; i++) {
            long y = (line + top) * window.strideH() + remainders[plane] / window.strideW();
            long x = (column + left) * window.strideW() + remainders[plane] % window.strideW();
            int at = i * MicroKernels.LDA;
            if (y >= 0 && y < h && x >= 0 && x < w) {
                Runs.load(spec.src(), scratch.src, ((image * h + y) * w + x) * spec.ic() + channel,
                        spec.srcParams().zeroPoint(), scratch.a, at, some);
            } else {
                Arrays.fill(scratch.a, at, at + some, 0f);
            }
            if (++column == width) {
                column = 0;
                line++;
            }
        }
    }

    /** Stores the outputs of one tile for a panel. */
    void store(Scratch scratch, SparseSums sums, long image, long position, int count, int panel) {
        int length;
        for (int i = 0; i < count; i += length) {
            long y = (position + i) / width;
            long x = (position + i) % width;
            length = (int) Math.min(width - x, count - i);
            if (x < ow) {
                long row = (image * oh + y) * ow + x;
                sums.store(scratch, row - i, i, (int) Math.min(length, ow - x), panel);
            }
        }
    }
}
