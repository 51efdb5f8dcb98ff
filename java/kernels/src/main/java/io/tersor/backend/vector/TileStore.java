package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.B;
import static io.tersor.backend.vector.Lanes.BYTES;
import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.NR;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.tersor.kernel.Epilogue;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Applies the {@link Epilogue} to a finished tile and stores it, with the reference's operations in the reference's
 * order. Tiles are rows of {@link Lanes#NR} floats; those of integer kernels hold integers, and what earlier blocks of
 * k summed comes beside them as int32.
 */
final class TileStore {
    private static final int[] NOTHING = new int[Lanes.MR * NR];

    private final boolean integer;
    private final DataType dst;
    private final int n;
    // One value for each column, filled up to whole panels.
    private final float[] multipliers;
    private final float[] offsets;
    private final int[] biases;
    private final float lo;
    private final float hi;
    private final boolean clamps;
    private final int zeroPoint;

    /**
     * @param first the first of n output channels that this store serves
     */
    TileStore(Epilogue epilogue, boolean integer, int first, int n) {
        this.integer = integer;
        this.dst = epilogue.dst();
        this.n = n;
        int padded = Math.ceilDiv(n, NR) * NR;
        this.multipliers = Arrays.copyOf(slice(epilogue.multipliers(), first, n), padded);
        // -0 is the neutral element of the addition: x + -0 is x, even for x = -0.
        this.offsets = new float[padded];
        Arrays.fill(offsets, -0f);
        float[] given = slice(epilogue.offsets(), first, n);
        System.arraycopy(given, 0, offsets, 0, given.length);
        int[] integers = epilogue.integerBias();
        this.biases = integers.length == 0 ? new int[padded]
                : Arrays.copyOf(Arrays.copyOfRange(integers, first, first + n), padded);
        this.lo = epilogue.lo();
        this.hi = epilogue.hi();
        this.clamps = epilogue.clamps();
        this.zeroPoint = epilogue.zeroPoint();
    }

    private static float[] slice(float[] values, int first, int n) {
        return values.length == 0 ? values : Arrays.copyOfRange(values, first, first + n);
    }

    /** Adds an integer tile to the int32 sums of the earlier blocks, or starts them. */
    static void fold(float[] tile, int rows, int[] sums, int at, boolean start) {
        int[] earlier = start ? NOTHING : sums;
        int from = start ? 0 : at;
        for (int i = 0; i < rows * NR; i += F) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, tile, i).convert(VectorOperators.F2I, 0);
            sum.add(IntVector.fromArray(INTS, earlier, from + i)).intoArray(sums, at + i);
        }
    }

    /** Stores an integer tile that is the only block of its k. */
    void store(Scratch scratch, int rows, int panel, MemorySegment to, long element, long ld) {
        store(scratch, rows, NOTHING, 0, panel, to, element, ld);
    }

    /**
     * Stores the tile of an integer kernel in {@link Scratch#tile}.
     *
     * @param sums the int32 sums of the earlier blocks of k, from index {@code at} on
     * @param element index of the first element of the tile in the destination
     * @param ld distance of two of its rows
     */
    void store(Scratch scratch, int rows, int[] sums, int at, int panel, MemorySegment to, long element, long ld) {
        int column = panel * NR;
        int columns = Math.min(NR, n - column);
        float[] tile = scratch.tile;
        if (dst == DataType.S32) {
            addInts(tile, rows, sums, at, column, scratch.ints, 0);
            addInts(tile, rows, sums, at, column, scratch.ints, F);
            copyInts(scratch.ints, rows, columns, to, element, ld);
            return;
        }
        scale(tile, rows, sums, at, column, 0);
        scale(tile, rows, sums, at, column, F);
        if (dst == DataType.F32) {
            if (clamps) {
                Chunk.clip(tile, 0, rows * NR, lo, hi);
            }
            copyFloats(tile, 0, rows, columns, to, element, ld);
        } else if (columns == NR) {
            storeBytes(tile, rows, 0, to, element, ld);
            storeBytes(tile, rows, F, to, element + F, ld);
        } else {
            for (int r = 0; r < rows; r++) {
                Chunk.storeBytes(tile, r * NR, columns, scratch.ints, lo, hi, zeroPoint, to, element + r * ld);
            }
        }
    }

    // The passes below are short on purpose, one vector of columns each, and call the Vector API alone: what exceeds the
    // compiler's limits, and any method of ours with vectors in its signature, makes it put vectors on the heap.

    private void addInts(float[] tile, int rows, int[] sums, int at, int column, int[] to, int half) {
        IntVector bias = IntVector.fromArray(INTS, biases, column + half);
        for (int i = half; i < rows * NR; i += NR) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, tile, i).convert(VectorOperators.F2I, 0);
            sum.add(IntVector.fromArray(INTS, sums, at + i)).add(bias).intoArray(to, i);
        }
    }

    private void scale(float[] tile, int rows, int[] sums, int at, int column, int half) {
        IntVector bias = IntVector.fromArray(INTS, biases, column + half);
        FloatVector multiplier = FloatVector.fromArray(FLOATS, multipliers, column + half);
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        for (int i = half; i < rows * NR; i += NR) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, tile, i).convert(VectorOperators.F2I, 0);
            sum = sum.add(IntVector.fromArray(INTS, sums, at + i)).add(bias);
            ((FloatVector) sum.convert(VectorOperators.I2F, 0)).mul(multiplier).add(offset).intoArray(tile, i);
        }
    }

    private void storeBytes(float[] tile, int rows, int half, MemorySegment to, long element, long ld) {
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(FLOATS, tile, r * NR + half);
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            v = high.blend(v, v.compare(VectorOperators.LT, high));
            IntVector q = v.add(Bytes.MAGIC).reinterpretAsInts().sub(Bytes.MAGIC_BITS - zeroPoint);
            ByteVector bytes = (ByteVector) q.convertShape(VectorOperators.I2B, BYTES, 0);
            if (B == F) {
                bytes.intoMemorySegment(to, element + r * ld, ByteOrder.nativeOrder());
            } else {
                to.set(JAVA_INT_UNALIGNED, element + r * ld, bytes.reinterpretAsInts().lane(0));
            }
        }
    }

    /** Stores the tile of an f32 kernel, which starts at index {@code at} of {@code tile}, where it is finished. */
    void storeF32(float[] tile, int at, int rows, int panel, MemorySegment to, long element, long ld) {
        int column = panel * NR;
        FloatVector offset0 = FloatVector.fromArray(FLOATS, offsets, column);
        FloatVector offset1 = FloatVector.fromArray(FLOATS, offsets, column + F);
        for (int i = at; i < at + rows * NR; i += NR) {
            FloatVector.fromArray(FLOATS, tile, i).add(offset0).intoArray(tile, i);
            FloatVector.fromArray(FLOATS, tile, i + F).add(offset1).intoArray(tile, i + F);
        }
        if (clamps) {
            Chunk.clip(tile, at, rows * NR, lo, hi);
        }
        copyFloats(tile, at, rows, Math.min(NR, n - column), to, element, ld);
    }

    private static void copyFloats(float[] tile, int at, int rows, int columns, MemorySegment to, long element,
            long ld) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(tile, at + r * NR, to, JAVA_FLOAT, (element + r * ld) * Float.BYTES, columns);
        }
    }

    private static void copyInts(int[] tile, int rows, int columns, MemorySegment to, long element, long ld) {
        for (int r = 0; r < rows; r++) {
            MemorySegment.copy(tile, r * NR, to, JAVA_INT, (element + r * ld) * Integer.BYTES, columns);
        }
    }

    boolean isInteger() {
        return integer;
    }
}
