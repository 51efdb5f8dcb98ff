package io.tersor.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.OperandException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A typed, shaped, strided view of native memory.
 *
 * <p>Element (i0, i1, ...) lies at element offset sum(i * stride) from the start of {@link #data()}. Strides are in
 * elements, never negative, and every element lies inside the segment: this is proven once, here, so kernels need only
 * compare shapes. Packed types ({@link DataType#isPacked()}) are always contiguous.
 *
 * <p>A tensor owns nothing: its memory lives as long as the arena it came from, and access after the arena's close
 * fails with the JDK's {@link IllegalStateException}. Immutable except for the elements; safe to share between threads
 * as far as the arena's confinement allows and nobody writes the same elements.
 */
public final class Tensor {
    /** Alignment in bytes of the memory that {@link #allocate} gives: a cache line, and the widest vector. */
    public static final int ALIGNMENT_BYTES = 64;

    private final DataType type;
    private final Shape shape;
    private final long[] strides;
    private final boolean contiguous;
    private final MemorySegment data;

    private Tensor(MemorySegment data, DataType type, Shape shape, long[] strides) {
        this.type = type;
        this.shape = shape;
        this.strides = strides;
        this.contiguous = isRowMajor(shape, strides);
        OperandException.check(data.isNative(), "tensor data", "native memory", "a heap segment");
        // Views are made in every run: the messages are built on failure only.
        if (data.address() % type.alignment() != 0) {
            throw new OperandException("tensor data", type.alignment() + "-byte aligned address for " + type,
                    "0x" + Long.toHexString(data.address()));
        }
        if (!contiguous && type.isPacked()) {
            throw new OperandException("tensor strides", "contiguous for " + type, Arrays.toString(strides));
        }
        long span = type.bytes(spanElements(shape, strides));
        if (data.byteSize() < span) {
            throw new OperandException("tensor data", "at least " + span + " bytes for " + type + " " + shape,
                    data.byteSize() + " bytes");
        }
        this.data = data.asSlice(0, span);
    }

    /** Returns a new zeroed, contiguous tensor aligned to {@link #ALIGNMENT_BYTES}. */
    public static Tensor allocate(Arena arena, DataType type, Shape shape) {
        return wrap(arena.allocate(type.bytes(shape.elements()), ALIGNMENT_BYTES), type, shape);
    }

    /**
     * Returns a contiguous view of existing native memory.
     *
     * @throws OperandException if the segment is on the heap, misaligned for the type, or too small
     */
    public static Tensor wrap(MemorySegment data, DataType type, Shape shape) {
        return new Tensor(data, type, shape, shape.rowMajorStrides());
    }

    /**
     * Returns a strided view of existing native memory.
     *
     * @param strides in elements, one per dimension, not negative
     * @throws OperandException if the view does not lie inside the segment
     */
    public static Tensor wrap(MemorySegment data, DataType type, Shape shape, long... strides) {
        OperandException.check(strides.length == shape.rank(), "tensor strides", shape.rank() + " strides",
                Arrays.toString(strides));
        for (long stride : strides) {
            OperandException.check(stride >= 0, "tensor strides", "no negative stride", Arrays.toString(strides));
        }
        return new Tensor(data, type, shape, strides.clone());
    }

    /** Returns a new contiguous {@code f32} tensor of the given values in row-major order. */
    public static Tensor ofFloats(Arena arena, Shape shape, float... values) {
        Tensor tensor = allocate(arena, DataType.F32, checkedLength(shape, values.length));
        MemorySegment.copy(values, 0, tensor.data, JAVA_FLOAT, 0, values.length);
        return tensor;
    }

    /** Returns a new contiguous tensor of an 8-bit type, of the given bytes in row-major order. */
    public static Tensor ofBytes(Arena arena, DataType type, Shape shape, byte... values) {
        OperandException.check(type.bits() == 8, "type", "an 8-bit type", type);
        Tensor tensor = allocate(arena, type, checkedLength(shape, values.length));
        MemorySegment.copy(values, 0, tensor.data, JAVA_BYTE, 0, values.length);
        return tensor;
    }

    /** Returns a new contiguous {@code s32} tensor of the given values in row-major order. */
    public static Tensor ofInts(Arena arena, Shape shape, int... values) {
        Tensor tensor = allocate(arena, DataType.S32, checkedLength(shape, values.length));
        MemorySegment.copy(values, 0, tensor.data, JAVA_INT, 0, values.length);
        return tensor;
    }

    /** Returns a new contiguous {@code s64} tensor of the given values in row-major order. */
    public static Tensor ofLongs(Arena arena, Shape shape, long... values) {
        Tensor tensor = allocate(arena, DataType.S64, checkedLength(shape, values.length));
        MemorySegment.copy(values, 0, tensor.data, JAVA_LONG, 0, values.length);
        return tensor;
    }

    private static Shape checkedLength(Shape shape, int length) {
        OperandException.check(shape.elements() == length, "values", shape.elements() + " values for " + shape, length);
        return shape;
    }

    private static long spanElements(Shape shape, long[] strides) {
        if (shape.elements() == 0) {
            return 0;
        }
        long span = 1;
        for (int axis = 0; axis < strides.length; axis++) {
            long steps = shape.dim(axis) - 1;
            OperandException.check(steps == 0 || strides[axis] <= (Long.MAX_VALUE - span) / steps, "tensor strides",
                    "strides whose span fits 63 bits", Arrays.toString(strides));
            span += steps * strides[axis];
        }
        return span;
    }

    private static boolean isRowMajor(Shape shape, long[] strides) {
        long expected = 1;
        for (int axis = strides.length - 1; axis >= 0; axis--) {
            if (shape.dim(axis) != 1 && strides[axis] != expected && shape.elements() != 0) {
                return false;
            }
            expected *= Math.max(1, shape.dim(axis));
        }
        return true;
    }

    /** Returns the element type. */
    public DataType type() {
        return type;
    }

    /** Returns the extents. */
    public Shape shape() {
        return shape;
    }

    /** Returns the stride of one axis in elements; negative axes count from the end. */
    public long stride(int axis) {
        return strides[axis < 0 ? axis + strides.length : axis];
    }

    /** Returns whether the elements lie in row-major order without gaps. */
    public boolean isContiguous() {
        return contiguous;
    }

    /** Returns the memory from the first to the last element, no more. */
    public MemorySegment data() {
        return data;
    }

    /** Returns the bytes from the first to the last element, gaps included. */
    public long byteSize() {
        return data.byteSize();
    }

    /** Returns a view with other extents and the same elements; the tensor must be contiguous. */
    public Tensor reshape(Shape other) {
        OperandException.check(contiguous, "tensor", "a contiguous tensor to reshape", this);
        if (other.elements() != shape.elements()) {
            throw new OperandException("shape", shape.elements() + " elements", other);
        }
        return wrap(data, type, other);
    }

    /**
     * Returns a view with the axes reordered: axis i of the view is axis {@code axes[i]} of this tensor.
     *
     * @param axes a permutation of 0 to rank - 1
     */
    public Tensor permute(int... axes) {
        int[] sorted = axes.clone();
        Arrays.sort(sorted);
        for (int axis = 0; axis < sorted.length; axis++) {
            OperandException.check(sorted.length == shape.rank() && sorted[axis] == axis, "axes",
                    "a permutation of " + shape.rank() + " axes", Arrays.toString(axes));
        }
        long[] dims = new long[axes.length];
        long[] permuted = new long[axes.length];
        for (int axis = 0; axis < axes.length; axis++) {
            dims[axis] = shape.dim(axes[axis]);
            permuted[axis] = strides[axes[axis]];
        }
        return new Tensor(data, type, Shape.of(dims), permuted);
    }

    /** Returns the view of {@code length} slices from {@code start} along one axis; not for packed types. */
    public Tensor slice(int axis, long start, long length) {
        OperandException.check(!type.isPacked(), "tensor", "a type of whole bytes to slice", type);
        int at = axis < 0 ? axis + shape.rank() : axis;
        if (start < 0 || length < 0 || length > shape.dim(at) - start) {
            throw new OperandException("slice", "a range inside axis " + at + " of " + shape, start + " + " + length);
        }
        long offset = length == 0 ? 0 : type.bytes(Math.multiplyExact(start, strides[at]));
        Shape sliced = shape.with(at, length);
        return new Tensor(sliced.elements() == 0 ? data.asSlice(0, 0) : data.asSlice(offset), type, sliced, strides);
    }

    /** Returns a contiguous copy in the given arena. */
    public Tensor copy(Arena arena) {
        Tensor copy = allocate(arena, type, shape);
        copy.copyFrom(this);
        return copy;
    }

    /** Copies all elements from a tensor of the same type and shape. The two must not overlap unless identical. */
    public void copyFrom(Tensor source) {
        if (source.type != type || !source.shape.equals(shape)) {
            throw new OperandException("source", type + " " + shape, source);
        }
        if (contiguous && source.contiguous) {
            data.copyFrom(source.data);
        } else {
            StridedCopy.copy(source, this);
        }
    }

    /**
     * Returns the element of the given row-major index, as the nearest double; 64-bit integers beyond 2^53 lose bits,
     * for which there is {@link #getLong}. Slow: for tests, tools and reference code.
     */
    public double get(long index) {
        return ElementAccess.get(data, type, offsetOf(index));
    }

    /** Sets the element of the given row-major index, converting as a Java cast to the element type does. */
    public void set(long index, double value) {
        ElementAccess.set(data, type, offsetOf(index), value);
    }

    /** Returns the integer element of the given row-major index; floating elements are truncated. */
    public long getLong(long index) {
        return ElementAccess.getLong(data, type, offsetOf(index));
    }

    /** Sets the integer element of the given row-major index, keeping the low bits. */
    public void setLong(long index, long value) {
        ElementAccess.setLong(data, type, offsetOf(index), value);
    }

    /** Returns all elements in row-major order as floats. */
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(shape.elements())];
        if (type == DataType.F32 && contiguous) {
            MemorySegment.copy(data, JAVA_FLOAT, 0, values, 0, values.length);
            return values;
        }
        for (int index = 0; index < values.length; index++) {
            values[index] = (float) get(index);
        }
        return values;
    }

    /** Returns all elements in row-major order as longs; floating elements are truncated. */
    public long[] toLongs() {
        long[] values = new long[Math.toIntExact(shape.elements())];
        for (int index = 0; index < values.length; index++) {
            values[index] = getLong(index);
        }
        return values;
    }

    /** Returns the element offset from the start of {@link #data()} of a row-major index. */
    long offsetOf(long index) {
        if (contiguous) {
            return index;
        }
        long offset = 0;
        long rest = index;
        for (int axis = strides.length - 1; axis >= 0; axis--) {
            offset += rest % shape.dim(axis) * strides[axis];
            rest /= shape.dim(axis);
        }
        return offset;
    }

    /** Returns type, shape and, where they are not row-major, the strides. */
    @Override
    public String toString() {
        return type + " " + shape + (contiguous ? "" : " strides " + Arrays.toString(strides));
    }
}
