package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.SparseSums.TILE;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * Tiles of the rows that {@link WindowRows} describes, for the channels of one group. The image under some lines of
 * outputs is transposed once, into planes of one channel each, from which every tap copies what it needs. With
 * strides, pixels of the same remainders of line and column make a plane of their own, so that the pixels of
 * neighbouring outputs always lie side by side.
 */
final class WindowTiles implements TileSource {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Floats of the planes of some rows, roughly, so that they stay in a usual L2 with the tile. */
    private static final int PLANES = 1 << 16;

    /** Tiles whose pixels are transposed together at most; the lines above and below are transposed again. */
    private static final int TILES = 6;

    private final Conv2dSpec spec;
    private final Window window;
    private final int channels;
    private final int firstChannel;
    // The first line and column of the planes, relative to an output's, and how many more than outputs there are.
    private final int top;
    private final int left;
    private final int moreLines;
    private final int moreColumns;
    // Of each plane, the remainders of line and column.
    private final int[] lineRemainders;
    private final int[] columnRemainders;
    // Of each tap, its plane, and where in it the first output's pixel lies.
    private final int[] planes;
    private final int[] lines;
    private final int[] columns;

    WindowTiles(Conv2dSpec spec, int group) {
        this.spec = spec;
        this.window = spec.window();
        this.channels = spec.ic() / spec.groups();
        this.firstChannel = group * channels;
        this.top = Math.floorDiv(-window.padTop(), window.strideH());
        this.left = Math.floorDiv(-window.padLeft(), window.strideW());
        this.moreLines = Math.floorDiv(line(window.kh() - 1), window.strideH()) - top;
        this.moreColumns = Math.floorDiv(column(window.kw() - 1), window.strideW()) - left;
        int taps = window.kh() * window.kw();
        this.planes = new int[taps];
        this.lines = new int[taps];
        this.columns = new int[taps];
        int[] foundLines = new int[taps];
        int[] foundColumns = new int[taps];
        int found = 0;
        for (int tap = 0; tap < taps; tap++) {
            int line = line(tap / window.kw());
            int column = column(tap % window.kw());
            lines[tap] = Math.floorDiv(line, window.strideH()) - top;
            columns[tap] = Math.floorDiv(column, window.strideW()) - left;
            foundLines[found] = Math.floorMod(line, window.strideH());
            foundColumns[found] = Math.floorMod(column, window.strideW());
            while (foundLines[planes[tap]] != foundLines[found] || foundColumns[planes[tap]] != foundColumns[found]) {
                planes[tap]++;
            }
            found = Math.max(found, planes[tap] + 1);
        }
        this.lineRemainders = Arrays.copyOf(foundLines, found);
        this.columnRemainders = Arrays.copyOf(foundColumns, found);
    }

    /** Returns how far a tap's line lies below the first pixel of an output. */
    private int line(int ky) {
        return ky * window.dilationH() - window.padTop();
    }

    private int column(int kx) {
        return kx * window.dilationW() - window.padLeft();
    }

    @Override
    public int rows() {
        return Math.clamp(PLANES / (lineRemainders.length * channels * TILE), 1, TILES) * TILE;
    }

    /** Returns the pixels of a plane's line. */
    private long width(Scratch scratch) {
        return scratch.ow + moreColumns;
    }

    /** Returns the pixels of a plane that holds those of some rows, with room for a vector behind the last. */
    private long pitch(Scratch scratch, long row, long count) {
        long lastLine = (row + count - 1) / scratch.ow - row / scratch.ow;
        return Math.ceilDiv((lastLine + 1 + moreLines) * width(scratch) + F, (long) F) * F;
    }

    @Override
    public int begin(Scratch scratch, long row, int count, long reserved) {
        long pixels = scratch.oh * scratch.ow;
        int rows = (int) Math.min(count, pixels - row % pixels);
        long pitch = pitch(scratch, row, rows);
        long floats = ((long) lineRemainders.length * channels + F) * pitch;
        MemorySegment to = scratch.panels(reserved + floats * Float.BYTES);
        long first = reserved / Float.BYTES;
        for (long position = 0; position < pitch; position += TILE) {
            int some = (int) Math.min(TILE, pitch - position);
            // Squares reach into the next plane, which is written after.
            for (int plane = 0; plane < lineRemainders.length; plane++) {
                for (int channel = 0; channel < channels; channel += MicroKernels.KC) {
                    int length = Math.min(MicroKernels.KC, channels - channel);
                    pack(scratch, row, position, some, plane, channel, length);
                    Transposition.transpose(scratch.a, 0, MicroKernels.LDA, some, length, to,
                            first + ((long) plane * channels + channel) * pitch + position, (int) pitch,
                            scratch.squares);
                }
            }
        }
        // What load needs to know of these rows.
        scratch.planesRow = row;
        scratch.planesPitch = pitch;
        return rows;
    }

    /** Packs the channels of pixels at successive positions of a plane, zeros outside of the image. */
    private void pack(Scratch scratch, long row, long position, int count, int plane, int channel, int length) {
        long image = row / (scratch.oh * scratch.ow);
        long firstLine = row / scratch.ow % scratch.oh + top;
        long line = position / width(scratch);
        long column = position % width(scratch);
        for (int i = 0; i < count; i++) {
            long y = (firstLine + line) * window.strideH() + lineRemainders[plane];
            long x = (left + column) * window.strideW() + columnRemainders[plane];
            int at = i * MicroKernels.LDA;
            if (y >= 0 && y < scratch.h && x >= 0 && x < scratch.w) {
                Runs.load(spec.src(), scratch.src,
                        ((image * scratch.h + y) * scratch.w + x) * spec.ic() + firstChannel + channel,
                        spec.srcParams().zeroPoint(), scratch.a, at, length);
            } else {
                Arrays.fill(scratch.a, at, at + length, 0f);
            }
            if (++column == width(scratch)) {
                column = 0;
                line++;
            }
        }
    }

    @Override
    public void load(Scratch scratch, long row, int count, MemorySegment tile, long reserved) {
        int moves = moves(scratch, row, count);
        for (int tap = 0; tap < planes.length; tap++) {
            long pixel = lines[tap] * width(scratch) + columns[tap]
                    + (long) planes[tap] * channels * scratch.planesPitch;
            for (int channel = 0; channel < channels; channel++) {
                copy(tile, scratch.offsets, moves, reserved + (pixel + channel * scratch.planesPitch) * Float.BYTES,
                        ((long) tap * channels + channel) * TILE * Float.BYTES);
            }
        }
    }

    /**
     * Notes where whole vectors are copied from and to for one column, in bytes, and returns how many. A vector reaches
     * beyond its line, where the next one is written after, and beyond the column, likewise.
     */
    private int moves(Scratch scratch, long row, int count) {
        scratch.growOffsets(2 * TILE);
        long firstLine = scratch.planesRow / scratch.ow;
        int moves = 0;
        int length;
        for (int i = 0; i < count; i += length) {
            long x = (row + i) % scratch.ow;
            long pixel = ((row + i) / scratch.ow - firstLine) * width(scratch) + x;
            length = (int) Math.min(count - i, scratch.ow - x);
            for (int vector = 0; vector < length; vector += F) {
                scratch.offsets[2 * moves] = Math.toIntExact((pixel + vector) * Float.BYTES);
                scratch.offsets[2 * moves + 1] = (i + vector) * Float.BYTES;
                moves++;
            }
        }
        return moves;
    }

    private static void copy(MemorySegment memory, int[] moves, int count, long from, long to) {
        for (int i = 0; i < count; i++) {
            FloatVector.fromMemorySegment(FLOATS, memory, from + moves[2 * i], ORDER)
                    .intoMemorySegment(memory, to + moves[2 * i + 1], ORDER);
        }
    }
}
