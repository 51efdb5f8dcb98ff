package io.tersor.backend.vector;

import java.lang.foreign.MemorySegment;

/**
 * What one thread needs while it computes one block: the operands of the run and the buffers. Handed out by a
 * {@link ScratchPool}, so that a steady stream of runs allocates nothing.
 */
final class Scratch {
    /** Rows of a block at most: with them, the packed block of src fills a quarter of a usual L2 cache. */
    static final int MC = 96;

    /** Columns of a block at most, which bounds {@link #sums}. */
    static final int NC = 2048;

    /** Packed rows of src; a few more than a block, as micro-kernels may compute rows that nobody keeps. */
    final float[] a = new float[(MC + Lanes.MR) * MicroKernels.LDA];

    /** One tile of results. */
    final float[] tile = new float[Lanes.MR * Lanes.NR];

    /** One tile of integer results on their way to memory. */
    final int[] ints = new int[Lanes.MR * Lanes.NR];

    /** Sums of one chunk's channels. */
    final double[] doubles = new double[Chunk.LENGTH];

    /** Sums of a block while its k-blocks follow each other; grown when first needed. */
    float[] sums = new float[0];
    int[] accumulators = new int[0];

    /** Positions in {@link #sums} of a depthwise convolution's taps, and which image rows lie there. */
    int[] offsets = new int[0];

    /** The run's source and its geometry; ld is the distance of rows, or the channels of images. */
    MemorySegment src = MemorySegment.NULL;
    long ld;
    long h;
    long w;
    long oh;
    long ow;

    void bindMatrix(MemorySegment source, long leadingDimension) {
        src = source;
        ld = leadingDimension;
    }

    void bindImages(MemorySegment source, long channels, long height, long width, long outHeight, long outWidth) {
        bindMatrix(source, channels);
        h = height;
        w = width;
        oh = outHeight;
        ow = outWidth;
    }

    void growSums(int count) {
        if (sums.length < count) {
            sums = new float[count];
        }
    }

    void growAccumulators(int count) {
        if (accumulators.length < count) {
            accumulators = new int[count];
        }
    }

    void growOffsets(int count) {
        if (offsets.length < count) {
            offsets = new int[count];
        }
    }
}
