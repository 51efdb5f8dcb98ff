package io.tersor.backend.vector;

import io.tersor.kernel.Conv2dSpec;
import java.lang.foreign.MemorySegment;

/** The operands of one run of a convolution, which threads may share; kept for the next run, so that none allocates. */
final class ConvRun {
    private final int ic;
    private final int oc;
    private long h;
    private long w;
    private long oh;
    private long ow;
    private MemorySegment src = MemorySegment.NULL;
    private MemorySegment residual = MemorySegment.NULL;
    private MemorySegment dst = MemorySegment.NULL;

    ConvRun(Conv2dSpec spec) {
        this.ic = spec.ic();
        this.oc = spec.oc();
    }

    void set(long height, long width, MemorySegment source, long outHeight, long outWidth, MemorySegment added,
            MemorySegment destination) {
        h = height;
        w = width;
        src = source;
        oh = outHeight;
        ow = outWidth;
        residual = added;
        dst = destination;
    }

    /** Lets go of the caller's memory. */
    void clear() {
        set(0, 0, MemorySegment.NULL, 0, 0, MemorySegment.NULL, MemorySegment.NULL);
    }

    /** Binds a thread's scratch to the operands. */
    void bind(Scratch scratch) {
        scratch.bindImages(src, ic, h, w, oh, ow);
        scratch.bindResidual(residual, oc);
        scratch.bindDestination(dst, oc);
    }
}
