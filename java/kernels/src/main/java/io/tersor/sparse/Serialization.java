package io.tersor.sparse;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Sparse tensors from and to bytes, see {@link SparseTensor#serialize}. */
final class Serialization {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int MAGIC = 'T' | 'S' << 8 | 'P' << 16 | 'T' << 24;
    private static final short VERSION = 1;
    private static final List<DataType> TYPES = List.of(DataType.F32, DataType.BF16, DataType.S8);
    private static final int MAX_RANK = 4;
    private static final long SHAPE_AT = 16;
    private static final long HEADER_BYTES = SHAPE_AT + MAX_RANK * Long.BYTES;

    private Serialization() {}

    static MemorySegment write(StoredTensor tensor, Arena arena) {
        SparseHeader header = tensor.header();
        long dataAt = HEADER_BYTES + header.scaleBytes();
        MemorySegment bytes = arena.allocate(dataAt + tensor.data().byteSize(), Long.BYTES);
        bytes.set(INT, 0, MAGIC);
        bytes.set(SHORT, 4, VERSION);
        putFormat(header.format(), bytes);
        bytes.set(JAVA_BYTE, 7, (byte) TYPES.indexOf(header.type()));
        bytes.set(SHORT, 12, (short) header.shape().rank());
        for (int axis = 0; axis < header.shape().rank(); axis++) {
            bytes.set(LONG, SHAPE_AT + (long) axis * Long.BYTES, header.shape().dim(axis));
        }
        if (header.type() == DataType.S8) {
            bytes.set(SHORT, 14, (short) (header.params().isPerTensor() ? 1 : 2));
            for (int i = 0; i < header.params().count(); i++) {
                bytes.set(FLOAT, HEADER_BYTES + (long) i * Float.BYTES, header.params().scale(i));
            }
        }
        MemorySegment.copy(tensor.data(), 0, bytes, dataAt, tensor.data().byteSize());
        return bytes;
    }

    private static void putFormat(SparseFormat format, MemorySegment bytes) {
        switch (format) {
            case SparseFormat.Csr _ -> putFormat(bytes, 0, 0, 0);
            case SparseFormat.Bitmask _ -> putFormat(bytes, 1, 0, 0);
            case SparseFormat.Block block -> putFormat(bytes, 2, block.rows(), block.columns());
            case SparseFormat.NOfM pattern -> putFormat(bytes, 3, pattern.n(), pattern.m());
        }
    }

    private static void putFormat(MemorySegment bytes, int kind, int first, int second) {
        bytes.set(JAVA_BYTE, 6, (byte) kind);
        bytes.set(SHORT, 8, (short) first);
        bytes.set(SHORT, 10, (short) second);
    }

    static SparseTensor read(MemorySegment bytes, Arena arena) {
        OperandException.check(bytes.byteSize() >= HEADER_BYTES, "bytes", "at least " + HEADER_BYTES,
                bytes.byteSize());
        // Later changes of the bytes must not undo the checks.
        MemorySegment start = MemorySegment.ofArray(new byte[(int) HEADER_BYTES]).copyFrom(
                bytes.asSlice(0, HEADER_BYTES));
        OperandException.check(start.get(INT, 0) == MAGIC, "magic", "TSPT", Integer.toHexString(start.get(INT, 0)));
        OperandException.check(start.get(SHORT, 4) == VERSION, "version", "1", start.get(SHORT, 4));
        SparseFormat format = format(start);
        int type = start.get(JAVA_BYTE, 7);
        OperandException.check(type >= 0 && type < TYPES.size(), "type", "0 to 2", type);
        Shape shape = shape(start);
        QuantParams params = params(start, TYPES.get(type), shape, bytes);
        SparseHeader header = new SparseHeader(format, TYPES.get(type), shape, params);
        long dataAt = HEADER_BYTES + header.scaleBytes();
        MemorySegment data = arena.allocate(bytes.byteSize() - dataAt, Tensor.ALIGNMENT_BYTES);
        MemorySegment.copy(bytes, dataAt, data, 0, data.byteSize());
        return switch (format) {
            case SparseFormat.Csr _ -> new CsrTensor(header, data);
            case SparseFormat.Bitmask _ -> new BitmaskTensor(header, data);
            case SparseFormat.Block _ -> new BlockSparseTensor(header, data);
            case SparseFormat.NOfM _ -> new NmSparseTensor(header, data);
        };
    }

    private static SparseFormat format(MemorySegment start) {
        int kind = start.get(JAVA_BYTE, 6);
        int first = Short.toUnsignedInt(start.get(SHORT, 8));
        int second = Short.toUnsignedInt(start.get(SHORT, 10));
        return switch (kind) {
            case 2 -> SparseFormat.block(first, second);
            case 3 -> SparseFormat.nOfM(first, second);
            default -> {
                OperandException.check(kind == 0 || kind == 1, "format", "0 to 3", kind);
                OperandException.check(first == 0 && second == 0, "format", "no extents", first + ", " + second);
                yield kind == 0 ? SparseFormat.CSR : SparseFormat.BITMASK;
            }
        };
    }

    private static Shape shape(MemorySegment start) {
        int rank = start.get(SHORT, 12);
        OperandException.check(rank == 2 || rank == MAX_RANK, "rank", "2 or 4", rank);
        long[] dims = new long[MAX_RANK];
        for (int axis = 0; axis < MAX_RANK; axis++) {
            dims[axis] = start.get(LONG, SHAPE_AT + (long) axis * Long.BYTES);
            boolean fits = axis < rank ? dims[axis] >= 0 && dims[axis] < Integer.MAX_VALUE : dims[axis] == 0;
            OperandException.check(fits, "extent " + axis, axis < rank ? "0 to 2^31 - 2" : "0", dims[axis]);
        }
        return Shape.of(Arrays.copyOf(dims, rank));
    }

    private static QuantParams params(MemorySegment start, DataType type, Shape shape, MemorySegment bytes) {
        int kind = start.get(SHORT, 14);
        boolean fits = type == DataType.S8 ? kind == 1 || kind == 2 : kind == 0;
        OperandException.check(fits, "scales", type == DataType.S8 ? "1 or 2 for s8" : "0 for " + type, kind);
        if (kind == 0) {
            return QuantParams.IDENTITY;
        }
        long count = kind == 1 ? 1 : shape.dim(0);
        OperandException.check(count * Float.BYTES <= bytes.byteSize() - HEADER_BYTES, "bytes",
                count + " scales behind the first " + HEADER_BYTES, bytes.byteSize());
        float[] scales = new float[(int) count];
        for (int i = 0; i < count; i++) {
            scales[i] = bytes.get(FLOAT, HEADER_BYTES + (long) i * Float.BYTES);
        }
        return kind == 1 ? QuantParams.perTensor(scales[0], 0) : QuantParams.perChannel(0, scales);
    }
}
