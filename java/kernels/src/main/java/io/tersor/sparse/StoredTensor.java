package io.tersor.sparse;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What the sparse formats have in common: little-endian bytes, first the indices, then, from the next multiple of an
 * element's width, the values. Subclasses prove the indices in their constructors, on bytes that nobody else can write.
 */
abstract class StoredTensor {
    private final SparseHeader header;
    private final MemorySegment data;
    private final long valuesAt;
    private final long slots;

    /** Receives entries of the matrix. */
    @FunctionalInterface
    interface Visitor {
        /** @param slot index of the entry's value */
        void entry(int row, int column, long slot);
    }

    /**
     * @param data the bytes, the owner's alone
     * @param indexBytes bytes of the indices
     * @param slots how many values there are
     */
    StoredTensor(SparseHeader header, MemorySegment data, long indexBytes, long slots) {
        this.header = header;
        this.data = data.asReadOnly();
        this.valuesAt = valuesAt(header, indexBytes);
        this.slots = slots;
        long expected = bytes(header, indexBytes, slots);
        OperandException.check(data.byteSize() == expected, "data", expected + " bytes", data.byteSize());
    }

    private static long valuesAt(SparseHeader header, long indexBytes) {
        int width = header.type().alignment();
        return Math.ceilDiv(indexBytes, width) * width;
    }

    /** Returns the bytes of indices and values. */
    static long bytes(SparseHeader header, long indexBytes, long slots) {
        long values = product("values", slots, header.type().alignment());
        OperandException.check(values <= Long.MAX_VALUE / 2 && indexBytes <= Long.MAX_VALUE / 4, "values",
                "a size of at most 2^62 bytes", slots + " values");
        return valuesAt(header, indexBytes) + values;
    }

    /** Returns new zeroed bytes for indices and values. */
    static MemorySegment allocate(Arena arena, SparseHeader header, long indexBytes, long slots) {
        return arena.allocate(bytes(header, indexBytes, slots), Tensor.ALIGNMENT_BYTES);
    }

    /** Writes all values, which lie in a tensor [slots]. */
    static void putValues(SparseHeader header, MemorySegment data, long indexBytes, long slots, Tensor values) {
        OperandException.check(values.shape().equals(Shape.of(slots)), "values", "shape " + slots, values.shape());
        for (long slot = 0; slot < slots; slot++) {
            putValue(header, data, indexBytes, slot,
                    ElementBits.NATIVE.get(values.data(), values.type(), 0, slot * values.stride(0)));
        }
    }

    static void putValue(SparseHeader header, MemorySegment data, long indexBytes, long slot, int bits) {
        ElementBits.LITTLE_ENDIAN.set(data, header.type(), valuesAt(header, indexBytes), slot, bits);
    }

    /** Returns a product of counts that are not negative. */
    static long product(String operand, long a, long b) {
        OperandException.check(a == 0 || b <= Long.MAX_VALUE / a, operand, "a number below 2^63", a + " * " + b);
        return a * b;
    }

    final SparseHeader header() {
        return header;
    }

    final int bits(long slot) {
        return ElementBits.LITTLE_ENDIAN.get(data, header.type(), valuesAt, slot);
    }

    /** Fails unless a slot that belongs to no entry of the matrix holds zero. */
    final void checkPadding(long slot) {
        OperandException.check(ElementBits.isZero(header.type(), bits(slot)), "values[" + slot + "]",
                "0 beyond the end of a tap", "another value");
    }

    /** Visits every stored entry of the matrix, row by row of units. */
    abstract void visit(Visitor visitor);

    /** See {@link SparseTensor#format}. */
    public final SparseFormat format() {
        return header.format();
    }

    /** See {@link SparseTensor#type}. */
    public final DataType type() {
        return header.type();
    }

    /** See {@link SparseTensor#shape}. */
    public final Shape shape() {
        return header.shape();
    }

    /** See {@link SparseTensor#params}. */
    public final QuantParams params() {
        return header.params();
    }

    /** See {@link SparseTensor#data}. */
    public final MemorySegment data() {
        return data;
    }

    /** See {@link SparseTensor#byteSize}. */
    public final long byteSize() {
        return header.scaleBytes() + data.byteSize();
    }

    /** See {@link SparseTensor#serialize}. */
    public final MemorySegment serialize(Arena arena) {
        return Serialization.write(this, arena);
    }

    /** See {@link SparseTensor#toDense}. */
    public final Tensor toDense(Arena arena) {
        Tensor dense = Tensor.allocate(arena, header.type(), header.shape());
        MatrixView matrix = header.matrix();
        visit((row, column, slot) -> ElementBits.NATIVE.set(dense.data(), header.type(), 0,
                matrix.denseIndex(row, column), bits(slot)));
        return dense;
    }

    @Override
    public final String toString() {
        return header.format() + " " + header.type() + " " + header.shape() + ", " + slots + " values";
    }
}
