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

import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Residual;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;
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
    private static final int[] NOTHING = new int[Math.max(Lanes.MR, SparseSums.TILE) * NR];

    private final Sums kind;
    private final DataType dst;
    private final int first;
    private final int n;
    // One value for each column, filled up to whole panels.
    private final float[] multipliers;
    private final float[] offsets;
    private final boolean integerBias;
    private final int[] biases;
    private final Optional<Residual> residual;
    private final float residualMultiplier;
    private final ActivationFunction function;
    private final boolean coarse;
    private final float outputScale;
    private final float lo;
    private final float hi;
    private final boolean clamps;
    private final int zeroPoint;
    private final boolean bytes;
    // Scale, bias, an 8-bit residual and bounds.
    private final boolean addsBytes;
    private final int residualShift;
    private final int residualZeroPoint;
    // Nothing but scale, bias and bounds.
    private final boolean plain;

    /**
     * @param first the first of n output channels that this store serves: its column in the destination
     */
    TileStore(Epilogue epilogue, Sums kind, int first, int n) {
        this.kind = kind;
        this.dst = epilogue.dst();
        this.first = first;
        this.n = n;
        int padded = Math.ceilDiv(n, NR) * NR;
        this.multipliers = Arrays.copyOf(slice(epilogue.multipliers(), first, n), padded);
        // -0 is the neutral element of the addition: x + -0 is x, even for x = -0.
        this.offsets = new float[padded];
        Arrays.fill(offsets, -0f);
        float[] given = slice(epilogue.offsets(), first, n);
        System.arraycopy(given, 0, offsets, 0, given.length);
        int[] integers = epilogue.integerBias();
        this.integerBias = integers.length != 0;
        this.biases = integers.length == 0 ? new int[padded]
                : Arrays.copyOf(Arrays.copyOfRange(integers, first, first + n), padded);
        this.residual = epilogue.residual();
        this.residualMultiplier = epilogue.residualMultiplier();
        this.function = epilogue.function();
        this.coarse = epilogue.isCoarse();
        this.outputScale = epilogue.outputScale();
        this.lo = epilogue.lo();
        this.hi = epilogue.hi();
        this.clamps = epilogue.clamps();
        this.zeroPoint = epilogue.zeroPoint();
        this.bytes = dst == DataType.U8 || dst == DataType.S8;
        this.addsBytes = kind == Sums.INTEGERS && bytes && B == F && function == ActivationFunction.IDENTITY
                && residual.isPresent() && residual.get().type() != DataType.F32;
        this.residualShift = residual.isPresent() && residual.get().type() == DataType.S8 ? 128 : 0;
        this.residualZeroPoint = residual.map(added -> added.params().zeroPoint()).orElse(0);
        this.plain = residual.isEmpty() && function == ActivationFunction.IDENTITY;
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

    /** Prepares a scratch for tiles of sums of levels whose scale and zero point are these. */
    void bindSource(Scratch scratch, float scale, int zeroPoint, int[] columnSums) {
        scratch.growColumns(multipliers.length);
        for (int j = 0; j < n; j++) {
            scratch.columnStarts[j] = -zeroPoint * columnSums[j];
            scratch.columnFactors[j] = scale * multipliers[j];
        }
    }

    /** Stores an integer tile that is the only block of its k. */
    void storeIntegers(Scratch scratch, int from, long row, int r, int rows, int panel) {
        storeIntegers(scratch, from, NOTHING, 0, row, r, rows, panel);
    }

    /**
     * Stores the tile of an integer kernel that starts at index {@code from} of {@link Scratch#tile}.
     *
     * @param sums the int32 sums of the earlier blocks of k, from index {@code at} on
     * @param row the first row of the block that the tile belongs to
     * @param r the tile's first row in this block
     */
    void storeIntegers(Scratch scratch, int from, int[] sums, int at, long row, int r, int rows, int panel) {
        int column = panel * NR;
        float[] tile = scratch.tile;
        long element = (row + r) * scratch.ldDst + first + column;
        if (dst == DataType.S32) {
            addInts(tile, from, rows, sums, at, column, scratch.ints, 0);
            addInts(tile, from, rows, sums, at, column, scratch.ints, F);
            copyInts(scratch.ints, rows, Math.min(NR, n - column), scratch.dst, element, scratch.ldDst);
            return;
        }
        if (kind == Sums.INTEGERS_OF_GIVEN_SOURCE) {
            for (int half = 0; half < NR; half += F) {
                roundSums(tile, from, rows, sums, at, scratch.columnStarts, column, half);
                scale(tile, from, rows, scratch.columnFactors, column, half);
            }
            finish(scratch, tile, from, row + r, rows, column);
            return;
        }
        // Without them the floats of the tile are the sums, exactly.
        if (sums != NOTHING || integerBias) {
            roundSums(tile, from, rows, sums, at, biases, column, 0);
            roundSums(tile, from, rows, sums, at, biases, column, F);
        }
        if (kind == Sums.INTEGERS && plain && bytes && column <= n - NR) {
            scaleToBytes(tile, from, rows, column, 0, scratch.dst, element, scratch.ldDst);
            scaleToBytes(tile, from, rows, column, F, scratch.dst, element + F, scratch.ldDst);
            return;
        }
        if (addsBytes && column <= n - NR) {
            long added = (row + r) * scratch.ldResidual + first + column;
            for (int half = 0; half < NR; half += F) {
                loadBytes(scratch.residual, added + half, scratch.ldResidual, rows, scratch.operand, half);
                scaleAddToBytes(tile, from, rows, scratch.operand, column, half, scratch.dst, element + half,
                        scratch.ldDst);
            }
            return;
        }
        if (kind == Sums.INTEGERS) {
            scale(tile, from, rows, multipliers, column, 0);
            scale(tile, from, rows, multipliers, column, F);
        } else {
            scaleRows(tile, from, rows, scratch.rowScales, r, column, 0);
            scaleRows(tile, from, rows, scratch.rowScales, r, column, F);
        }
        finish(scratch, tile, from, row + r, rows, column);
    }

    /** Stores the tile of a kernel of floats, which starts at index {@code at} of {@code tile}; see above. */
    void storeFloats(Scratch scratch, float[] tile, int at, long row, int r, int rows, int panel) {
        int column = panel * NR;
        if (plain && dst == DataType.F32 && column <= n - NR) {
            long element = (row + r) * scratch.ldDst + first + column;
            offsetToFloats(tile, at, rows, column, 0, scratch.dst, element, scratch.ldDst);
            offsetToFloats(tile, at, rows, column, F, scratch.dst, element + F, scratch.ldDst);
            return;
        }
        addOffsets(tile, at, rows, column, 0);
        addOffsets(tile, at, rows, column, F);
        finish(scratch, tile, at, row + r, rows, column);
    }

    /** Does what follows the bias to a tile, whose first row is the destination's row {@code row}. */
    private void finish(Scratch scratch, float[] tile, int at, long row, int rows, int column) {
        int columns = Math.min(NR, n - column);
        if (residual.isPresent()) {
            loadResidual(scratch, residual.get(), row * scratch.ldResidual + first + column, rows, columns);
            addProduct(tile, at, rows * NR, scratch.operand, residualMultiplier);
        }
        if (function != ActivationFunction.IDENTITY) {
            if (coarse) {
                Functions.geluCoarse(tile, at, rows * NR);
            } else {
                Functions.apply(function, tile, at, rows * NR, scratch.operand);
            }
            if (bytes) {
                multiply(tile, at, rows * NR, outputScale);
            }
        }
        long element = row * scratch.ldDst + first + column;
        if (bytes) {
            storeBytes(scratch, tile, at, rows, columns, element);
            return;
        }
        if (clamps) {
            Chunk.clip(tile, at, rows * NR, lo, hi);
        }
        if (dst == DataType.F32) {
            copyFloats(tile, at, rows, columns, scratch.dst, element, scratch.ldDst);
        } else {
            for (int i = 0; i < rows; i++) {
                Bf16.store(tile, at + i * NR, columns, scratch.dst, element + i * scratch.ldDst);
            }
        }
    }

    private static void loadResidual(Scratch scratch, Residual residual, long element, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            Runs.load(residual.type(), scratch.residual, element + r * scratch.ldResidual,
                    residual.params().zeroPoint(), scratch.operand, r * NR, columns);
        }
    }

    private void storeBytes(Scratch scratch, float[] tile, int at, int rows, int columns, long element) {
        MemorySegment to = scratch.dst;
        long ld = scratch.ldDst;
        if (columns == NR) {
            storeBytes(tile, at, rows, to, element, ld);
            storeBytes(tile, at + F, rows, to, element + F, ld);
        } else {
            for (int r = 0; r < rows; r++) {
                Chunk.storeBytes(tile, at + r * NR, columns, scratch.ints, lo, hi, zeroPoint, to, element + r * ld);
            }
        }
    }

    // The passes below are short on purpose, one vector of columns each, and call the Vector API alone: what exceeds
    // the compiler's limits, and any method of ours with vectors in its signature, makes it put vectors on the heap.

    private void addInts(float[] tile, int from, int rows, int[] sums, int at, int column, int[] to, int half) {
        IntVector bias = IntVector.fromArray(INTS, biases, column + half);
        for (int i = half; i < rows * NR; i += NR) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, tile, from + i).convert(VectorOperators.F2I, 0);
            sum.add(IntVector.fromArray(INTS, sums, at + i)).add(bias).intoArray(to, i);
        }
    }

    /** tile = (float) (tile + sums + bias), the sum in int32; biases has one for each column. */
    private static void roundSums(float[] tile, int from, int rows, int[] sums, int at, int[] biases, int column,
            int half) {
        IntVector bias = IntVector.fromArray(INTS, biases, column + half);
        for (int i = half; i < rows * NR; i += NR) {
            IntVector sum = (IntVector) FloatVector.fromArray(FLOATS, tile, from + i).convert(VectorOperators.F2I, 0);
            sum = sum.add(IntVector.fromArray(INTS, sums, at + i)).add(bias);
            ((FloatVector) sum.convert(VectorOperators.I2F, 0)).intoArray(tile, from + i);
        }
    }

    private void scale(float[] tile, int from, int rows, float[] multipliers, int column, int half) {
        FloatVector multiplier = FloatVector.fromArray(FLOATS, multipliers, column + half);
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        for (int i = from + half; i < from + rows * NR; i += NR) {
            FloatVector.fromArray(FLOATS, tile, i).mul(multiplier).add(offset).intoArray(tile, i);
        }
    }

    private void scaleRows(float[] tile, int from, int rows, float[] rowScales, int firstRow, int column, int half) {
        FloatVector multiplier = FloatVector.fromArray(FLOATS, multipliers, column + half);
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        for (int r = 0; r < rows; r++) {
            int i = from + r * NR + half;
            FloatVector.fromArray(FLOATS, tile, i).mul(rowScales[firstRow + r]).mul(multiplier).add(offset)
                    .intoArray(tile, i);
        }
    }

    /** {@link #scale} and {@link #storeBytes} in one pass. */
    private void scaleToBytes(float[] tile, int from, int rows, int column, int half, MemorySegment to, long element,
            long ld) {
        FloatVector multiplier = FloatVector.fromArray(FLOATS, multipliers, column + half);
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(FLOATS, tile, from + r * NR + half).mul(multiplier).add(offset);
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            v = high.blend(v, v.compare(VectorOperators.LT, high));
            IntVector q = v.add(Bytes.MAGIC).reinterpretAsInts().sub(Bytes.MAGIC_BITS - zeroPoint);
            ByteVector narrow = (ByteVector) q.convertShape(VectorOperators.I2B, BYTES, 0);
            if (B == F) {
                narrow.intoMemorySegment(to, element + r * ld, ByteOrder.nativeOrder());
            } else {
                to.set(JAVA_INT_UNALIGNED, element + r * ld, narrow.reinterpretAsInts().lane(0));
            }
        }
    }

    /** Loads one vector of an 8-bit residual's columns for each row, less the zero point. */
    private void loadBytes(MemorySegment from, long element, long ld, int rows, float[] to, int half) {
        // Signed bytes with their first bit flipped are unsigned ones, 128 larger.
        byte flip = (byte) residualShift;
        FloatVector zero = FloatVector.broadcast(FLOATS, residualZeroPoint + residualShift);
        for (int r = 0; r < rows; r++) {
            ByteVector v = ByteVector.fromMemorySegment(BYTES, from, element + r * ld, ByteOrder.nativeOrder());
            FloatVector x = (FloatVector) v.lanewise(VectorOperators.XOR, flip)
                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0).convert(VectorOperators.I2F, 0);
            x.sub(zero).intoArray(to, r * NR + half);
        }
    }

    /** {@link #scaleToBytes} of the sum with a residual. */
    private void scaleAddToBytes(float[] tile, int from, int rows, float[] added, int column, int half,
            MemorySegment to, long element, long ld) {
        FloatVector multiplier = FloatVector.fromArray(FLOATS, multipliers, column + half);
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(FLOATS, tile, from + r * NR + half).mul(multiplier).add(offset);
            v = v.add(FloatVector.fromArray(FLOATS, added, r * NR + half).mul(residualMultiplier));
            v = low.blend(v, v.compare(VectorOperators.GT, low));
            v = high.blend(v, v.compare(VectorOperators.LT, high));
            IntVector q = v.add(Bytes.MAGIC).reinterpretAsInts().sub(Bytes.MAGIC_BITS - zeroPoint);
            ((ByteVector) q.convertShape(VectorOperators.I2B, BYTES, 0)).intoMemorySegment(to, element + r * ld,
                    ByteOrder.nativeOrder());
        }
    }

    /** {@link #addOffsets}, the bounds and the store in one pass. */
    private void offsetToFloats(float[] tile, int at, int rows, int column, int half, MemorySegment to, long element,
            long ld) {
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(FLOATS, tile, at + r * NR + half).add(offset);
            if (clamps) {
                v = low.blend(v, v.compare(VectorOperators.GT, low));
                v = high.blend(v, v.compare(VectorOperators.LT, high));
            }
            v.intoMemorySegment(to, (element + r * ld) * Float.BYTES, ByteOrder.nativeOrder());
        }
    }

    private void addOffsets(float[] tile, int at, int rows, int column, int half) {
        FloatVector offset = FloatVector.fromArray(FLOATS, offsets, column + half);
        for (int i = at + half; i < at + rows * NR; i += NR) {
            FloatVector.fromArray(FLOATS, tile, i).add(offset).intoArray(tile, i);
        }
    }

    private static void addProduct(float[] tile, int at, int count, float[] operand, float multiplier) {
        for (int i = 0; i < count; i += F) {
            FloatVector added = FloatVector.fromArray(FLOATS, operand, i).mul(multiplier);
            FloatVector.fromArray(FLOATS, tile, at + i).add(added).intoArray(tile, at + i);
        }
    }

    private static void multiply(float[] tile, int at, int count, float factor) {
        for (int i = at; i < at + count; i += F) {
            FloatVector.fromArray(FLOATS, tile, i).mul(factor).intoArray(tile, i);
        }
    }

    private void storeBytes(float[] tile, int at, int rows, MemorySegment to, long element, long ld) {
        FloatVector low = FloatVector.broadcast(FLOATS, lo);
        FloatVector high = FloatVector.broadcast(FLOATS, hi);
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(FLOATS, tile, at + r * NR);
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
        return kind != Sums.FLOATS;
    }
}
