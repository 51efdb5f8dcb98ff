package io.tersor.backend.vector;

import io.tersor.tensor.DataType;

/**
 * The rows of a matrix.
 *
 * @param zeroPoint subtracted from 8-bit elements
 */
record MatrixRows(DataType type, int zeroPoint) implements RowPacker {
    @Override
    public void pack(Scratch scratch, long row, int rows, int k, int count) {
        for (int r = 0; r < rows; r++) {
            Runs.load(type, scratch.src, (row + r) * scratch.ld + k, zeroPoint, scratch.a, r * MicroKernels.LDA, count);
        }
    }
}
