package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static io.tersor.backend.vector.Lanes.INTS;
import static io.tersor.backend.vector.Lanes.NR;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Epilogue;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
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
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

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
            toInts(FloatVector.fromArray(FLOATS, tile, i)).add(IntVector.fromArray(INTS, earlier, from + i))
                    .intoArray(sums, at + i);
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
        boolean whole = (panel + 1) * NR <= n;
        switch (dst) {
            case S32 -> storeS32(scratch, rows, sums, at, panel * NR, to, element, ld, whole);
            case F32 -> storeScaled(scratch, rows, sums, at, panel * NR, to, element, ld, whole);
            default -> storeBytes(scratch, rows, sums, at, panel * NR, to, element, ld, whole);
        }
    }

    private void storeS32(Scratch scratch, int rows, int[] sums, int at, int column, MemorySegment to, long element,
            long ld, boolean whole) {
        float[] tile = scratch.tile;
        IntVector bias0 = IntVector.fromArray(INTS, biases, column);
        IntVector bias1 = IntVector.fromArray(INTS, biases, column + F);
        for (int r = 0; r < rows; r++) {
            IntVector v0 = sum(tile, r * NR, sums, at + r * NR, bias0);
            IntVector v1 = sum(tile, r * NR + F, sums, at + r * NR + F, bias1);
            long offset = (element + r * ld) * Integer.BYTES;
            if (whole) {
                v0.intoMemorySegment(to, offset, ORDER);
                v1.intoMemorySegment(to, offset + F * Integer.BYTES, ORDER);
            } else {
                v0.intoArray(scratch.intRow, 0);
                v1.intoArray(scratch.intRow, F);
                MemorySegment.copy(scratch.intRow, 0, to, JAVA_INT, offset, n - column);
            }
        }
    }

    private void storeScaled(Scratch scratch, int rows, int[] sums, int at, int column, MemorySegment to, long element,
            long ld, boolean whole) {
        float[] tile = scratch.tile;
        IntVector bias0 = IntVector.fromArray(INTS, biases, column);
        IntVector bias1 = IntVector.fromArray(INTS, biases, column + F);
        for (int r = 0; r < rows; r++) {
            FloatVector v0 = scale(sum(tile, r * NR, sums, at + r * NR, bias0), column);
            FloatVector v1 = scale(sum(tile, r * NR + F, sums, at + r * NR + F, bias1), column + F);
            if (clamps) {
                v0 = clamp(v0);
                v1 = clamp(v1);
            }
            storeFloats(scratch, v0, v1, column, to, (element + r * ld) * Float.BYTES, whole);
        }
    }

    private void storeBytes(Scratch scratch, int rows, int[] sums, int at, int column, MemorySegment to, long element,
            long ld, boolean whole) {
        float[] tile = scratch.tile;
        IntVector bias0 = IntVector.fromArray(INTS, biases, column);
        IntVector bias1 = IntVector.fromArray(INTS, biases, column + F);
        for (int r = 0; r < rows; r++) {
            FloatVector v0 = clamp(scale(sum(tile, r * NR, sums, at + r * NR, bias0), column));
            FloatVector v1 = clamp(scale(sum(tile, r * NR + F, sums, at + r * NR + F, bias1), column + F));
            long offset = element + r * ld;
            if (whole) {
                Bytes.store(Bytes.round(v0, zeroPoint), to, offset);
                Bytes.store(Bytes.round(v1, zeroPoint), to, offset + F);
            } else {
                Bytes.store(Bytes.round(v0, zeroPoint), scratch.byteRow, 0);
                Bytes.store(Bytes.round(v1, zeroPoint), scratch.byteRow, F);
                MemorySegment.copy(scratch.byteRow, 0, to, JAVA_BYTE, offset, n - column);
            }
        }
    }

    /** Stores the tile of an f32 kernel, which starts at index {@code at} of {@code tile}. */
    void storeF32(Scratch scratch, float[] tile, int at, int rows, int panel, MemorySegment to, long element, long ld) {
        int column = panel * NR;
        boolean whole = column + NR <= n;
        FloatVector offset0 = FloatVector.fromArray(FLOATS, offsets, column);
        FloatVector offset1 = FloatVector.fromArray(FLOATS, offsets, column + F);
        for (int r = 0; r < rows; r++) {
            FloatVector v0 = FloatVector.fromArray(FLOATS, tile, at + r * NR).add(offset0);
            FloatVector v1 = FloatVector.fromArray(FLOATS, tile, at + r * NR + F).add(offset1);
            if (clamps) {
                v0 = clamp(v0);
                v1 = clamp(v1);
            }
            storeFloats(scratch, v0, v1, column, to, (element + r * ld) * Float.BYTES, whole);
        }
    }

    private void storeFloats(Scratch scratch, FloatVector v0, FloatVector v1, int column, MemorySegment to, long offset,
            boolean whole) {
        if (whole) {
            v0.intoMemorySegment(to, offset, ORDER);
            v1.intoMemorySegment(to, offset + F * Float.BYTES, ORDER);
        } else {
            v0.intoArray(scratch.floatRow, 0);
            v1.intoArray(scratch.floatRow, F);
            MemorySegment.copy(scratch.floatRow, 0, to, JAVA_FLOAT, offset, n - column);
        }
    }

    private static IntVector sum(float[] tile, int i, int[] sums, int at, IntVector bias) {
        return toInts(FloatVector.fromArray(FLOATS, tile, i)).add(IntVector.fromArray(INTS, sums, at)).add(bias);
    }

    private static IntVector toInts(FloatVector v) {
        return (IntVector) v.convert(VectorOperators.F2I, 0);
    }

    private FloatVector scale(IntVector sum, int column) {
        return ((FloatVector) sum.convert(VectorOperators.I2F, 0))
                .mul(FloatVector.fromArray(FLOATS, multipliers, column))
                .add(FloatVector.fromArray(FLOATS, offsets, column));
    }

    private FloatVector clamp(FloatVector v) {
        return Lanes.atMost(Lanes.atLeast(v, Lanes.floats(lo)), Lanes.floats(hi));
    }

    boolean isInteger() {
        return integer;
    }
}
