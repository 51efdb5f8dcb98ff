package io.tersor.backend.vector;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.tensor.DataType;
import java.util.Arrays;

/**
 * The rows of a convolution's implicit matrix: one for each output pixel, its columns in the order
 * [kh, kw, ic / groups]. Pixels in the padding are zero.
 *
 * <p>A row is made of runs that are contiguous in the image: a whole kernel row where taps are neighbours and all
 * channels belong to one group, else the channels of one tap.
 */
final class WindowRows implements RowPacker {
    /** Runs of fewer elements take longer to find and convert, again for each window, than to copy. */
    private static final int SHORT_RUN = 64;

    private final DataType type;
    private final int zeroPoint;
    private final Window window;
    private final int ic;
    private final int groupIc;
    private final int firstChannel;
    private final int tapsPerRun;
    private final int runsPerKernelRow;
    private final int runLength;
    private final boolean viaBand;

    WindowRows(Conv2dSpec spec, int group) {
        this.type = spec.src();
        this.zeroPoint = spec.srcParams().zeroPoint();
        this.window = spec.window();
        this.ic = spec.ic();
        this.groupIc = spec.ic() / spec.groups();
        this.firstChannel = group * groupIc;
        boolean wholeRows = spec.groups() == 1 && window.dilationW() == 1;
        this.tapsPerRun = wholeRows ? window.kw() : 1;
        this.runsPerKernelRow = wholeRows ? 1 : window.kw();
        this.runLength = tapsPerRun * groupIc;
        this.viaBand = wholeRows && runLength < SHORT_RUN && window.dilationH() == 1;
    }

    @Override
    public void pack(Scratch scratch, long row, int rows, int k, int count, int at) {
        long x = row % scratch.ow;
        long y = row / scratch.ow % scratch.oh;
        long image = row / scratch.ow / scratch.oh;
        if (viaBand && count == window.kh() * runLength) {
            packViaBand(scratch, row, rows, at);
            return;
        }
        int run = k / runLength;
        int kernelRow = run / runsPerKernelRow;
        int tap = run % runsPerKernelRow;
        int first = k % runLength;
        for (int r = 0; r < rows; r++) {
            packPixel(scratch, image, y, x, kernelRow, tap, first, count, at + r * MicroKernels.LDA);
            if (++x == scratch.ow) {
                x = 0;
                if (++y == scratch.oh) {
                    y = 0;
                    image++;
                }
            }
        }
    }

    /** Packs whole rows: the image lines under a line of windows become floats first, padding included. */
    private void packViaBand(Scratch scratch, long row, int rows, int at) {
        int step = window.strideW() * ic;
        int segment;
        for (int r = 0; r < rows; r += segment) {
            long x = (row + r) % scratch.ow;
            long y = (row + r) / scratch.ow % scratch.oh;
            long image = (row + r) / scratch.ow / scratch.oh;
            segment = (int) Math.min(rows - r, scratch.ow - x);
            int pixels = (segment - 1) * window.strideW() + window.kw();
            int length = pixels * ic;
            scratch.growBand(length * window.kh());
            for (int ky = 0; ky < window.kh(); ky++) {
                loadLine(scratch, image, y * window.strideH() - window.padTop() + ky,
                        x * window.strideW() - window.padLeft(), pixels, ky * length);
            }
            for (int i = 0; i < segment; i++) {
                int to = at + (r + i) * MicroKernels.LDA;
                for (int ky = 0; ky < window.kh(); ky++) {
                    System.arraycopy(scratch.band, ky * length + i * step, scratch.a, to + ky * runLength, runLength);
                }
            }
        }
    }

    /** Loads pixels of a line from a column on, both maybe outside of the image, into the band. */
    private void loadLine(Scratch scratch, long image, long line, long column, int pixels, int at) {
        boolean inside = line >= 0 && line < scratch.h;
        int from = inside ? (int) Math.clamp(-column, 0, (long) pixels) : pixels;
        int until = inside ? (int) Math.clamp(scratch.w - column, (long) from, (long) pixels) : pixels;
        Arrays.fill(scratch.band, at, at + from * ic, 0f);
        Arrays.fill(scratch.band, at + until * ic, at + pixels * ic, 0f);
        if (until > from) {
            long pixel = (image * scratch.h + line) * scratch.w + column + from;
            Runs.load(type, scratch.src, pixel * ic, zeroPoint, scratch.band, at + from * ic, (until - from) * ic);
        }
    }

    /** Packs columns from element {@code start} of the run that a kernel row and a tap name. */
    private void packPixel(Scratch scratch, long image, long y, long x, int kernelRow, int startTap, int start,
            int count, int at) {
        int first = start;
        int tap = startTap;
        long row = y * window.strideH() - window.padTop() + (long) kernelRow * window.dilationH();
        long left = x * window.strideW() - window.padLeft();
        long imageRow = image * scratch.h;
        int to = at;
        int end = at + count;
        while (to < end) {
            int length = Math.min(runLength - first, end - to);
            long column = left + (long) tap * window.dilationW();
            if (row >= 0 && row < scratch.h && column >= 0 && column + tapsPerRun <= scratch.w) {
                long pixel = (imageRow + row) * scratch.w + column;
                Runs.load(type, scratch.src, pixel * ic + firstChannel + first, zeroPoint, scratch.a, to, length);
            } else if (row < 0 || row >= scratch.h) {
                Arrays.fill(scratch.a, to, to + length, 0f);
            } else {
                packRun(scratch, (imageRow + row) * scratch.w, column, first, length, to);
            }
            to += length;
            first = 0;
            if (++tap == runsPerKernelRow) {
                tap = 0;
                row += window.dilationH();
            }
        }
    }

    /** Packs elements [first, first + length) of the run that starts at a column, which may lie outside the image. */
    private void packRun(Scratch scratch, long rowStart, long column, int first, int length, int to) {
        long insideFrom = Math.max(0, -column) * groupIc;
        long insideTo = Math.min(tapsPerRun, scratch.w - column) * groupIc;
        int from = (int) Math.clamp(insideFrom, (long) first, (long) first + length);
        int until = (int) Math.clamp(insideTo, (long) from, (long) first + length);
        Arrays.fill(scratch.a, to, to + from - first, 0f);
        if (until > from) {
            Runs.load(type, scratch.src, (rowStart + column) * ic + firstChannel + from, zeroPoint, scratch.a,
                    to + from - first, until - from);
        }
        Arrays.fill(scratch.a, to + until - first, to + length, 0f);
    }
}
