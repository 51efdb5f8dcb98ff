package io.tersor.model.npy;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;

/**
 * Reads and writes NumPy's .npy files, format versions 1 to 3 (NumPy Enhancement Proposal 1 and
 * {@code numpy.lib.format}). Types: bool, signed and unsigned integers of 8 to 64 bits, f16, f32, f64. Either byte
 * order and either order of the axes is read; C order in the machine's byte order is written.
 *
 * <p>Stateless and thread-safe.
 */
public final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int ALIGNMENT = 64;
    // Keys, a type and 64 extents fit well into this; a longer header is a damaged length field.
    private static final int LONGEST_HEADER = 1 << 16;

    private Npy() {}

    /**
     * Reads an array.
     *
     * @param arena owns the result's memory
     * @return contiguous, row-major
     * @throws NpyException if the file is missing, is not an .npy file, holds another kind of elements, or its length
     *     is not what its header says
     */
    public static Tensor read(Arena arena, Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            NpyHeader header = readHeader(file, channel);
            long expected;
            try {
                expected = Math.addExact(channel.position(), header.type().bytes(header.shape().elements()));
            } catch (ArithmeticException overflow) {
                throw new NpyException(file, "an array of fewer than 2^63 bytes",
                        header.type() + " " + header.shape());
            }
            if (channel.size() != expected) {
                throw new NpyException(file, expected + " bytes for " + header.type() + " " + header.shape(),
                        channel.size());
            }
            return readElements(arena, file, channel, header);
        } catch (IOException failure) {
            throw new NpyException(file, "cannot be read: " + reason(failure), failure);
        }
    }

    /**
     * Reads the head of a file alone.
     *
     * @return the array's extents
     * @throws NpyException as {@link #read} does, except for the length
     */
    public static Shape readShape(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return readHeader(file, channel).shape();
        } catch (IOException failure) {
            throw new NpyException(file, "cannot be read: " + reason(failure), failure);
        }
    }

    private static NpyHeader readHeader(Path file, FileChannel channel) throws IOException {
        ByteBuffer start = readBytes(file, channel, MAGIC.length + 2, "the magic bytes of .npy");
        byte[] magic = new byte[MAGIC.length];
        start.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new NpyException(file, "an .npy file", "a file that starts otherwise");
        }
        int version = start.get();
        if (version < 1 || version > 3) {
            throw new NpyException(file, ".npy version 1, 2 or 3", version);
        }
        ByteBuffer size = readBytes(file, channel, version == 1 ? 2 : 4, "the header's length");
        long length = version == 1 ? Short.toUnsignedLong(size.getShort()) : Integer.toUnsignedLong(size.getInt());
        if (length > LONGEST_HEADER) {
            throw new NpyException(file, "a header of at most " + LONGEST_HEADER + " bytes", length);
        }
        ByteBuffer text = readBytes(file, channel, (int) length, "a header of " + length + " bytes");
        return NpyHeader.parse(file, (version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1).decode(text)
                .toString());
    }

    private static ByteBuffer readBytes(Path file, FileChannel channel, int count, String what) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer) < 0) {
                throw new NpyException(file, what, "the end of the file after " + channel.size() + " bytes");
            }
        }
        return buffer.flip();
    }

    private static Tensor readElements(Arena arena, Path file, FileChannel channel, NpyHeader header)
            throws IOException {
        if (!header.fortranOrder() || header.shape().rank() < 2) {
            Tensor tensor = Tensor.allocate(arena, header.type(), header.shape());
            fill(file, channel, tensor.data(), header);
            return tensor;
        }
        try (Arena scratch = Arena.ofConfined()) {
            int rank = header.shape().rank();
            long[] reversed = new long[rank];
            int[] axes = new int[rank];
            for (int axis = 0; axis < rank; axis++) {
                reversed[axis] = header.shape().dim(rank - 1 - axis);
                axes[axis] = rank - 1 - axis;
            }
            Tensor stored = Tensor.allocate(scratch, header.type(), Shape.of(reversed));
            fill(file, channel, stored.data(), header);
            return stored.permute(axes).copy(arena);
        }
    }

    private static void fill(Path file, FileChannel channel, MemorySegment data, NpyHeader header)
            throws IOException {
        for (long at = 0; at < data.byteSize(); ) {
            ByteBuffer part = data.asSlice(at, Math.min(Integer.MAX_VALUE, data.byteSize() - at)).asByteBuffer();
            int read = channel.read(part);
            if (read < 0) {
                throw new NpyException(file, data.byteSize() + " bytes of elements", at);
            }
            at += read;
        }
        if (header.type() == DataType.BOOL) {
            for (long i = 0; i < data.byteSize(); i++) {
                data.set(JAVA_BYTE, i, (byte) (data.get(JAVA_BYTE, i) == 0 ? 0 : 1));
            }
        } else if (header.byteOrder() != ByteOrder.nativeOrder()) {
            swap(data, header.type().bits());
        }
    }

    private static void swap(MemorySegment data, int bits) {
        long count = data.byteSize() / (bits / 8);
        for (long i = 0; i < count; i++) {
            switch (bits) {
                case 64 -> data.setAtIndex(JAVA_LONG, i, Long.reverseBytes(data.getAtIndex(JAVA_LONG, i)));
                case 32 -> data.setAtIndex(JAVA_INT, i, Integer.reverseBytes(data.getAtIndex(JAVA_INT, i)));
                case 16 -> data.setAtIndex(JAVA_SHORT, i, Short.reverseBytes(data.getAtIndex(JAVA_SHORT, i)));
                default -> { }
            }
        }
    }

    /**
     * Writes an array, beside the file first and then renamed, so that the file is never half written.
     *
     * @param tensor any strides; bf16 and the 4-bit types have no NumPy name and must be cast first
     * @throws NpyException if the type has no NumPy name or the file cannot be written
     */
    public static void write(Path file, Tensor tensor) {
        byte[] header = header(file, tensor.type(), tensor.shape());
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new NpyException(file, "cannot be written: not a regular file");
        }
        Path beside = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".part");
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment data = (tensor.isContiguous() ? tensor : tensor.copy(scratch)).data();
            try (FileChannel channel = FileChannel.open(beside, StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW)) {
                write(channel, ByteBuffer.wrap(header));
                for (long at = 0; at < data.byteSize(); at += Integer.MAX_VALUE) {
                    write(channel, data.asSlice(at, Math.min(Integer.MAX_VALUE, data.byteSize() - at)).asByteBuffer());
                }
            }
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException failure) {
            throw new NpyException(file, "cannot be written: " + reason(failure), failure);
        } finally {
            deleteQuietly(beside);
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void deleteQuietly(Path leftover) {
        try {
            Files.deleteIfExists(leftover);
        } catch (IOException failure) {
            // The failure that left it behind is already on its way to the caller.
            leftover.toFile().deleteOnExit();
        }
    }

    private static byte[] header(Path file, DataType type, Shape shape) {
        String text = NpyHeader.format(file, type, shape);
        int prefix = MAGIC.length + 4;
        int total = Math.ceilDiv(prefix + text.length() + 1, ALIGNMENT) * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (total - prefix));
        header.put(text.getBytes(StandardCharsets.ISO_8859_1));
        while (header.position() < total - 1) {
            header.put((byte) ' ');
        }
        return header.put((byte) '\n').array();
    }

    private static String reason(IOException failure) {
        return switch (failure) {
            case NoSuchFileException _ -> "no such file or directory";
            case AccessDeniedException _ -> "permission denied";
            default -> failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
        };
    }
}
