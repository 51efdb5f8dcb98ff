package io.tersor.model.onnx;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.tersor.TersorException;
import io.tersor.model.ModelFormatException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** ONNX's TensorProto and our tensors. ONNX stores little-endian data, as the machines that this library runs on do. */
public final class OnnxTensors {
    private OnnxTensors() {}

    /** A tensor and the name that its file gives it. */
    public record Named(String name, Tensor tensor) {}

    /**
     * Reads a file that holds one TensorProto, as ONNX's own test data do.
     *
     * @throws ModelFormatException if the file is missing or damaged
     * @throws io.tersor.model.UnsupportedOperatorException if its element type is not implemented
     */
    public static Named read(Path file, Arena arena) {
        try {
            TensorProto proto = TensorProto.parseFrom(Files.readAllBytes(file));
            return new Named(proto.getName(), toTensor(proto, file, arena));
        } catch (InvalidProtocolBufferException e) {
            throw new ModelFormatException(file, "not an ONNX tensor: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ModelFormatException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    static Tensor toTensor(TensorProto proto, Path file, Arena arena) {
        String what = "tensor '" + proto.getName() + "'";
        DataType type = OnnxTypes.dataType(proto.getDataType(), what);
        long[] dims = proto.getDimsList().stream().mapToLong(Long::longValue).toArray();
        Shape shape;
        long bytes;
        try {
            shape = Shape.of(dims);
            bytes = SixBits.covers(type) ? SixBits.bytes(shape.elements()) : type.bytes(shape.elements());
        } catch (TersorException | ArithmeticException e) {
            throw new ModelFormatException(file, what + ": " + e.getMessage(), e);
        }
        if (proto.hasSegment()) {
            throw new ModelFormatException(file, what + ": segmented tensors are not part of ONNX models");
        }
        if (proto.getDataLocation() == TensorProto.DataLocation.EXTERNAL) {
            return external(proto, file, what, type, shape, bytes, arena);
        }
        if (proto.hasRawData() && (bytes > 0 || typedCount(proto, type) == 0)) {
            ByteString raw = proto.getRawData();
            if (raw.size() != bytes) {
                throw new ModelFormatException(file, what + ": " + raw.size() + " bytes of data, " + type + " " + shape
                        + " needs " + bytes);
            }
            Tensor tensor = Tensor.allocate(arena, type, shape);
            MemorySegment data = MemorySegment.ofBuffer(raw.asReadOnlyByteBuffer());
            if (SixBits.covers(type)) {
                SixBits.unpack(data, tensor.data());
            } else {
                tensor.data().copyFrom(data);
            }
            return tensor;
        }
        return typed(proto, file, what, type, shape, arena);
    }

    private static int typedCount(TensorProto proto, DataType type) {
        return switch (type) {
            case F32 -> proto.getFloatDataCount();
            case F64 -> proto.getDoubleDataCount();
            case S64 -> proto.getInt64DataCount();
            case U64, U32 -> proto.getUint64DataCount();
            default -> proto.getInt32DataCount();
        };
    }

    private static Tensor typed(TensorProto proto, Path file, String what, DataType type, Shape shape, Arena arena) {
        // The fields of packed types hold one byte, two elements, in each number.
        long expected = type.isPacked() ? type.bytes(shape.elements()) : shape.elements();
        if (typedCount(proto, type) != expected) {
            throw new ModelFormatException(file, what + ": " + typedCount(proto, type) + " values, " + type + " "
                    + shape
                    + " needs " + expected);
        }
        Tensor tensor = Tensor.allocate(arena, type, shape);
        MemorySegment data = tensor.data();
        for (int i = 0; i < expected; i++) {
            switch (type) {
                case F32 -> data.setAtIndex(JAVA_FLOAT_UNALIGNED, i, proto.getFloatData(i));
                case F64 -> data.setAtIndex(JAVA_DOUBLE_UNALIGNED, i, proto.getDoubleData(i));
                case S64 -> data.setAtIndex(JAVA_LONG_UNALIGNED, i, proto.getInt64Data(i));
                case U64 -> data.setAtIndex(JAVA_LONG_UNALIGNED, i, proto.getUint64Data(i));
                case U32 -> data.setAtIndex(JAVA_INT_UNALIGNED, i, (int) proto.getUint64Data(i));
                case S32 -> data.setAtIndex(JAVA_INT_UNALIGNED, i, proto.getInt32Data(i));
                case F16, BF16, S16, U16 -> data.setAtIndex(JAVA_SHORT_UNALIGNED, i, (short) proto.getInt32Data(i));
                case F6E2M3, F6E3M2 -> {
                    int code = proto.getInt32Data(i);
                    if (code < 0 || code > SixBits.LARGEST) {
                        throw new ModelFormatException(file, what + ": " + code + " is no code of " + type);
                    }
                    data.set(JAVA_BYTE, i, (byte) code);
                }
                case S8, U8, S4, U4, S2, U2, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F4E2M1 ->
                        data.set(JAVA_BYTE, i, (byte) proto.getInt32Data(i));
                case BOOL -> data.set(JAVA_BYTE, i, (byte) (proto.getInt32Data(i) != 0 ? 1 : 0));
            }
        }
        return tensor;
    }

    /** Reads data that lie in another file, which must be inside the model's folder, links followed. */
    private static Tensor external(TensorProto proto, Path file, String what, DataType type, Shape shape, long bytes,
            Arena arena) {
        String location = "";
        long offset = 0;
        long length = bytes;
        try {
            for (StringStringEntryProto entry : proto.getExternalDataList()) {
                switch (entry.getKey()) {
                    case "location" -> location = entry.getValue();
                    case "offset" -> offset = Long.parseLong(entry.getValue());
                    case "length" -> length = Long.parseLong(entry.getValue());
                    default -> { }
                }
            }
        } catch (NumberFormatException e) {
            throw new ModelFormatException(file, what + ": external data: " + e.getMessage(), e);
        }
        if (length != bytes || offset < 0) {
            throw new ModelFormatException(file, what + ": external data of " + length + " bytes at " + offset + ", "
                    + type + " " + shape + " needs " + bytes);
        }
        try {
            Path folder = file.toAbsolutePath().getParent().toRealPath();
            Path path = folder.resolve(location).toRealPath();
            if (location.isEmpty() || Path.of(location).isAbsolute() || !path.startsWith(folder)
                    || !Files.isRegularFile(path)) {
                throw new ModelFormatException(file, what + ": external data '" + location
                        + "' is not a file inside the model's folder");
            }
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                if (offset > channel.size() - length) {
                    throw new ModelFormatException(file, what + ": external data end at " + (offset + length) + ", "
                            + location + " has " + channel.size() + " bytes");
                }
                Tensor tensor = Tensor.allocate(arena, type, shape);
                if (SixBits.covers(type)) {
                    MemorySegment packed = Arena.ofAuto().allocate(bytes);
                    readFully(channel, offset, packed);
                    SixBits.unpack(packed, tensor.data());
                } else {
                    readFully(channel, offset, tensor.data());
                }
                return tensor;
            }
        } catch (IOException | java.nio.file.InvalidPathException e) {
            throw new ModelFormatException(file, what + ": external data '" + location + "': " + e.getMessage(), e);
        }
    }

    static void readFully(FileChannel channel, long offset, MemorySegment into) throws IOException {
        long done = 0;
        while (done < into.byteSize()) {
            MemorySegment part = into.asSlice(done, Math.min(into.byteSize() - done, 1 << 30));
            int read = channel.read(part.asByteBuffer(), offset + done);
            if (read < 0) {
                throw new IOException("ends after " + (offset + done) + " bytes");
            }
            done += read;
        }
    }

    static TensorProto toProto(String name, Tensor tensor) {
        TensorProto.Builder proto = TensorProto.newBuilder().setName(name).setDataType(OnnxTypes.onnx(tensor.type()));
        for (long dim : tensor.shape().dims()) {
            proto.addDims(dim);
        }
        Tensor dense = tensor.isContiguous() ? tensor : tensor.copy(Arena.ofAuto());
        if (SixBits.covers(tensor.type())) {
            return proto.setRawData(UnsafeByteOperations.unsafeWrap(SixBits.pack(dense.data()))).build();
        }
        return proto.setRawData(UnsafeByteOperations.unsafeWrap(
                dense.data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN))).build();
    }
}
