package io.tersor.backend.vector;

import io.tersor.tensor.DataType;

/**
 * The rows of a matrix, contiguous or those of a transposed one.
 *
 * @param zeroPoint subtracted from 8-bit elements
 */
record MatrixRows(DataType type, int zeroPoint) implements RowPacker {
    @Override
    public void pack(Scratch scratch, long row, int rows, int k, int count, int at) {
        if (scratch.columnStride != 1) {
            packColumns(scratch, row, rows, k, count, at);
            return;
        }
        for (int r = 0; r < rows; r++) {
            Runs.load(type, scratch.src, (row + r) * scratch.ld + k, zeroPoint, scratch.a, at + r * MicroKernels.LDA,
                    count);
        }
    }

    private void packColumns(Scratch scratch, long row, int rows, int k, int count, int at) {
        for (int i = 0; i < count; i++) {
            Runs.load(type, scratch.src, (k + i) * scratch.columnStride + row, zeroPoint, scratch.column, 0, rows);
            for (int r = 0; r < rows; r++) {
                scratch.a[at + r * MicroKernels.LDA + i] = scratch.column[r];
            }
        }
    }
}
