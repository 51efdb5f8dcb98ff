package io.tersor.backend.vector;

import io.tersor.kernel.Window;

/**
 * The order in which {@link DepthwiseKernel} takes the taps of a window: part by part of a few kernel lines, in each
 * those of a line that read neighbouring pixels in threes, then those that are left.
 */
final class DepthwiseTaps {
    private final int kh;
    private final int kw;
    private final int lines;
    // Between taps that read neighbours; the kernel's width where there are none.
    private final int step;
    // First taps of a line's threes, then its single ones.
    private final int[] firsts;
    private final int lineTriples;

    /**
     * @param most kernel lines of a part at most
     */
    DepthwiseTaps(Window window, int most) {
        this.kh = window.kh();
        this.kw = window.kw();
        this.lines = Math.ceilDiv(kh, Math.ceilDiv(kh, most));
        this.step = window.strideW() % window.dilationW() == 0 ? window.strideW() / window.dilationW() : kw;
        // Every 3 * step taps are step threes, whose first ones are neighbours.
        this.lineTriples = kw / (3 * step) * step;
        this.firsts = new int[kw - 2 * lineTriples];
        for (int i = 0; i < firsts.length; i++) {
            firsts[i] = i < lineTriples ? i / step * 3 * step + i % step : 2 * lineTriples + i;
        }
    }

    int count() {
        return kh * kw;
    }

    int parts() {
        return Math.ceilDiv(kh, lines);
    }

    private int height(int part) {
        return Math.min(lines, kh - part * lines);
    }

    int triples(int part) {
        return height(part) * lineTriples;
    }

    int singles(int part) {
        return height(part) * (firsts.length - lineTriples);
    }

    /** Returns the number of groups, threes and single taps, in all parts before one. */
    int firstGroup(int part) {
        return Math.min(kh, part * lines) * firsts.length;
    }

    /** Returns the number of taps in all parts before one. */
    int firstTap(int part) {
        return part * lines * kw;
    }

    /** Returns the tap ky * kw + kx that is number {@code i} in the kernel's order. */
    int tap(int i) {
        int part = i / (lines * kw);
        int rest = i - firstTap(part);
        int inTriples = 3 * triples(part);
        int group = rest < inTriples ? rest / 3 : rest - inTriples;
        int perLine = rest < inTriples ? lineTriples : firsts.length - lineTriples;
        int first = firsts[(rest < inTriples ? 0 : lineTriples) + group % perLine];
        return (part * lines + group / perLine) * kw + first + (rest < inTriples ? rest % 3 * step : 0);
    }

    /** Writes where the taps of kernel line ky lie, whose image line starts at {@code at}, into the groups' offsets. */
    void place(int[] offsets, int ky, int at, DepthwiseLines image, long ow) {
        int part = ky / lines;
        int line = ky % lines;
        int triple = firstGroup(part) + line * lineTriples;
        int single = firstGroup(part) + triples(part) + line * (firsts.length - lineTriples) - lineTriples;
        for (int i = 0; i < firsts.length; i++) {
            offsets[(i < lineTriples ? triple : single) + i] = at + image.offset(firsts[i], ow);
        }
    }
}
