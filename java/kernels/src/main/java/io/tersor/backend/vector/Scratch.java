package io.tersor.backend.vector;

import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What one thread needs while it computes one block: the operands of the run and the buffers. Handed out by a
 * {@link ScratchPool}, so that a steady stream of runs allocates nothing.
 */
final class Scratch {
    /** Rows of a block at most: with them, the packed block of src fills less than half of a usual L2 cache. */
    static final int MC = 96;

    /** Columns of a block at most, which bounds {@link #sums}. */
    static final int NC = 2048;

    /** Packed rows of src; a few more than a block, as micro-kernels may compute rows that nobody keeps. */
    final float[] a = new float[(MC + Lanes.MR) * MicroKernels.LDA];

    /** One tile of results; of sparse products, as many rows as they compute at once. */
    final float[] tile = new float[SparseSums.TILE * Lanes.NR];

    /** The same with the outputs apart and their rows side by side. */
    final float[] outputs = new float[SparseSums.TILE * Lanes.NR];

    /** Squares on their way to be transposed. */
    final float[] squares = new float[Transposition.SQUARES * Lanes.F * Lanes.F];

    /** One tile of integer results on their way to memory. */
    final int[] ints = new int[Lanes.MR * Lanes.NR];

    /** A second operand for a tile: a residual, or what a function computes on the way. */
    final float[] operand = new float[Lanes.MR * Lanes.NR];

    /** One column of a block of a transposed src. */
    final float[] column = new float[MC];

    /** Of rows that are quantized at run time: their largest magnitudes, and the scales that follow from these. */
    final float[] magnitudes = new float[MC];
    final float[] rowScales = new float[MC];

    /** Of a run whose source has parameters of its own: what the columns' sums start from, and their factors. */
    int[] columnStarts = new int[0];
    float[] columnFactors = new float[0];

    /** Sums of one chunk's channels. */
    final double[] doubles = new double[Chunk.LENGTH];

    /** Sums of a block while its k-blocks follow each other; grown when first needed. */
    float[] sums = new float[0];
    int[] accumulators = new int[0];

    /** Lines of images as floats, from which rows are packed; grown when first needed. */
    float[] band = new float[0];

    /** Positions of what is loaded or copied, as each kernel notes them; grown when first needed. */
    int[] offsets = new int[0];

    /** The first row whose pixels lie in planes, and the elements of one plane: see {@link WindowTiles}. */
    long planesRow;
    long planesPitch;

    /** Bytes on their way; grown when first needed. */
    byte[] bytes = new byte[0];

    private MemorySegment panels = MemorySegment.NULL;

    /** The run's source and its geometry; ld is the distance of rows, or the channels of images. */
    MemorySegment src = MemorySegment.NULL;
    long ld;
    long columnStride;
    long h;
    long w;
    long oh;
    long ow;

    /** Where the run's results go, and its residual if it has one. */
    MemorySegment dst = MemorySegment.NULL;
    long ldDst;
    MemorySegment residual = MemorySegment.NULL;
    long ldResidual;

    /** Binds a matrix whose rows are {@code rowStride} elements apart and whose columns {@code stride}. */
    void bindMatrix(MemorySegment source, long rowStride, long stride) {
        src = source;
        ld = rowStride;
        columnStride = stride;
    }

    void bindDestination(MemorySegment destination, long leadingDimension) {
        dst = destination;
        ldDst = leadingDimension;
    }

    void bindResidual(MemorySegment added, long leadingDimension) {
        residual = added;
        ldResidual = leadingDimension;
    }

    /** Lets go of the caller's memory. */
    void unbind() {
        src = MemorySegment.NULL;
        dst = MemorySegment.NULL;
        residual = MemorySegment.NULL;
    }

    void bindImages(MemorySegment source, long channels, long height, long width, long outHeight, long outWidth) {
        bindMatrix(source, channels, 1);
        h = height;
        w = width;
        oh = outHeight;
        ow = outWidth;
    }

    /** Returns native memory of at least so many bytes for operands packed at run time; kept for later runs. */
    MemorySegment panels(long bytes) {
        if (panels.byteSize() < bytes) {
            panels = Arena.ofAuto().allocate(bytes, Tensor.ALIGNMENT_BYTES);
        }
        return panels;
    }

    void growColumns(int count) {
        if (columnStarts.length < count) {
            columnStarts = new int[count];
            columnFactors = new float[count];
        }
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

    void growBand(int count) {
        if (band.length < count) {
            band = new float[count];
        }
    }

    void growBytes(int count) {
        if (bytes.length < count) {
            bytes = new byte[count];
        }
    }

    void growOffsets(int count) {
        if (offsets.length < count) {
            offsets = new int[count];
        }
    }
}
