package io.tersor.sparse;

import io.tersor.OperandException;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Compressed rows of equal units, single entries or blocks: where each row of units starts, then the places of the
 * units in their rows.
 */
abstract class UnitRows extends StoredTensor {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfChar CHAR = ValueLayout.JAVA_CHAR_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Geometry geometry;
    private final long stored;

    /** What the extents of the units make of a matrix. */
    private record Geometry(MatrixView matrix, int height, int width) {
        private static Geometry of(SparseHeader header) {
            return switch (header.format()) {
                case SparseFormat.Block block -> new Geometry(header.matrix(), block.rows(), block.columns());
                default -> new Geometry(header.matrix(), 1, 1);
            };
        }

        int rows() {
            return Math.ceilDiv(matrix.outputs(), height);
        }

        int unitsPerRow() {
            return matrix.units(width);
        }

        int area() {
            return height * width;
        }

        /** Returns the bytes of one place. */
        int placeBytes() {
            return unitsPerRow() <= 1 << Character.SIZE ? Character.BYTES : Integer.BYTES;
        }

        long placesAt() {
            return RowOffsets.bytes(rows());
        }

        long indexBytes(long count) {
            return placesAt() + placeBytes() * count;
        }

        int rowsOf(int row) {
            return Math.min(height, matrix.outputs() - row * height);
        }

        int place(MemorySegment data, long unit) {
            long at = placesAt() + unit * placeBytes();
            return placeBytes() == Character.BYTES ? data.get(CHAR, at) : data.get(INT, at);
        }

        void putPlace(MemorySegment data, long unit, int place) {
            long at = placesAt() + unit * placeBytes();
            if (placeBytes() == Character.BYTES) {
                data.set(CHAR, at, (char) place);
            } else {
                data.set(INT, at, place);
            }
        }
    }

    /** Proves the indices. */
    UnitRows(SparseHeader header, MemorySegment data) {
        Geometry units = Geometry.of(header);
        int count = RowOffsets.count(units.rows(), data);
        super(header, data, units.indexBytes(count), (long) count * units.area());
        this.geometry = units;
        RowOffsets.check(geometry.rows(), data);
        for (int row = 0; row < geometry.rows(); row++) {
            checkPlaces(row);
        }
        this.stored = checkPadding();
    }

    private void checkPlaces(int row) {
        int last = -1;
        for (int unit = offset(row); unit < offset(row + 1); unit++) {
            int place = geometry.place(data(), unit);
            if (place <= last || place >= geometry.unitsPerRow()) {
                throw new OperandException("indices[" + unit + "]",
                        last + 1 + " to " + (geometry.unitsPerRow() - 1) + ", ascending in row " + row, place);
            }
            last = place;
        }
    }

    /** Returns how many entries of the matrix are stored; what lies beyond it must be zero. */
    private long checkPadding() {
        MatrixView matrix = geometry.matrix;
        long entries = 0;
        for (int row = 0; row < geometry.rows(); row++) {
            int rows = geometry.rowsOf(row);
            for (int unit = offset(row); unit < offset(row + 1); unit++) {
                int columns = matrix.length(geometry.place(data(), unit), geometry.width);
                entries += (long) rows * columns;
                for (int i = 0; rows * columns < geometry.area() && i < geometry.area(); i++) {
                    if (i / geometry.width >= rows || i % geometry.width >= columns) {
                        checkPadding((long) unit * geometry.area() + i);
                    }
                }
            }
        }
        return entries;
    }

    /** Returns bytes of given indices and values. */
    static MemorySegment pack(SparseHeader header, int[] rowOffsets, int[] indices, Tensor values, Arena arena) {
        Geometry geometry = Geometry.of(header);
        RowOffsets.checkLength(geometry.rows(), rowOffsets);
        long indexBytes = geometry.indexBytes(indices.length);
        long slots = (long) indices.length * geometry.area();
        MemorySegment data = allocate(arena, header, indexBytes, slots);
        RowOffsets.put(data, rowOffsets);
        for (int unit = 0; unit < indices.length; unit++) {
            // What is cut to its width must not become another, valid index.
            OperandException.check(indices[unit] >= 0 && indices[unit] < geometry.unitsPerRow(),
                    "indices[" + unit + "]", "0 to " + (geometry.unitsPerRow() - 1), indices[unit]);
            geometry.putPlace(data, unit, indices[unit]);
        }
        putValues(header, data, indexBytes, slots, values);
        return data;
    }

    /** Returns the bytes of a dense matrix's units that are not all zeros. */
    static MemorySegment pack(SparseHeader header, Tensor tensor, Arena arena) {
        Geometry geometry = Geometry.of(header);
        DenseMatrix dense = new DenseMatrix(tensor);
        long count = 0;
        for (int row = 0; row < geometry.rows(); row++) {
            for (int place = 0; place < geometry.unitsPerRow(); place++) {
                count += isZero(dense, geometry, row, place) ? 0 : 1;
            }
        }
        long indexBytes = geometry.indexBytes(RowOffsets.checkCount(count));
        MemorySegment data = allocate(arena, header, indexBytes, count * geometry.area());
        int unit = 0;
        for (int row = 0; row < geometry.rows(); row++) {
            for (int place = 0; place < geometry.unitsPerRow(); place++) {
                if (!isZero(dense, geometry, row, place)) {
                    geometry.putPlace(data, unit, place);
                    putUnit(header, geometry, dense, row, place, data, indexBytes, (long) unit * geometry.area());
                    unit++;
                }
            }
            RowOffsets.put(data, row + 1, unit);
        }
        return data;
    }

    private static boolean isZero(DenseMatrix dense, Geometry geometry, int row, int place) {
        int column = geometry.matrix.start(place, geometry.width);
        int columns = geometry.matrix.length(place, geometry.width);
        for (int r = row * geometry.height; r < row * geometry.height + geometry.rowsOf(row); r++) {
            for (int c = column; c < column + columns; c++) {
                if (!dense.isZero(r, c)) {
                    return false;
                }
            }
        }
        return true;
    }

    private static void putUnit(SparseHeader header, Geometry geometry, DenseMatrix dense, int row, int place,
            MemorySegment data, long indexBytes, long slot) {
        int column = geometry.matrix.start(place, geometry.width);
        int columns = geometry.matrix.length(place, geometry.width);
        for (int r = 0; r < geometry.rowsOf(row); r++) {
            for (int c = 0; c < columns; c++) {
                putValue(header, data, indexBytes, slot + (long) r * geometry.width + c,
                        dense.bits(row * geometry.height + r, column + c));
            }
        }
    }

    private int offset(int row) {
        return RowOffsets.get(data(), row);
    }

    @Override
    final void visit(Visitor visitor) {
        MatrixView matrix = geometry.matrix;
        for (int row = 0; row < geometry.rows(); row++) {
            for (int unit = offset(row); unit < offset(row + 1); unit++) {
                int place = geometry.place(data(), unit);
                int column = matrix.start(place, geometry.width);
                int columns = matrix.length(place, geometry.width);
                for (int r = 0; r < geometry.rowsOf(row); r++) {
                    for (int c = 0; c < columns; c++) {
                        visitor.entry(row * geometry.height + r, column + c,
                                (long) unit * geometry.area() + (long) r * geometry.width + c);
                    }
                }
            }
        }
    }

    /** See {@link SparseTensor#storedEntries}. */
    public final long storedEntries() {
        return stored;
    }
}
