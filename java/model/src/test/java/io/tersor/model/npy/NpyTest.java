package io.tersor.model.npy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
    private static final String PLAIN = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

    @TempDir
    Path folder;

    private Path file(int version, String header, byte... elements) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
        byte[] text = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer length = ByteBuffer.allocate(version == 1 ? 2 : 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.writeBytes((version == 1 ? length.putShort((short) text.length) : length.putInt(text.length)).array());
        bytes.writeBytes(text);
        bytes.writeBytes(elements);
        return Files.write(folder.resolve("array.npy"), bytes.toByteArray());
    }

    private static byte[] floats(ByteOrder order, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(order);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = {"BF16", "F8E4M3FN", "F8E4M3FNUZ", "F8E5M2", "F8E5M2FNUZ",
            "F8E8M0", "F6E2M3", "F6E3M2", "F4E2M1", "S4", "U4", "S2", "U2"})
    void everyTypeComesBackAsWritten(DataType type) {
        Path file = folder.resolve("array.npy");
        for (Shape shape : List.of(Shape.of(), Shape.of(5), Shape.of(0, 3), Shape.of(2, 3, 4))) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor written = Tensor.allocate(arena, type, shape);
                for (long i = 0; i < shape.elements(); i++) {
                    written.setLong(i, type == DataType.BOOL ? i % 2 : i * 5 - (type.min() < 0 ? 7 : 0));
                }
                Npy.write(file, written);
                Tensor read = Npy.read(arena, file);
                assertEquals(type, read.type());
                assertEquals(shape, read.shape());
                assertEquals(shape, Npy.readShape(file));
                assertEquals(-1, written.data().mismatch(read.data()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void readsEveryVersion(int version) throws IOException {
        Path file = file(version, PLAIN + "   \n", floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4, 5, 6));
        try (Arena arena = Arena.ofConfined()) {
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, Npy.read(arena, file).toFloats());
        }
    }

    @Test
    void readsBigEndian() throws IOException {
        Path file = file(1, PLAIN.replace('<', '>'), floats(ByteOrder.BIG_ENDIAN, 1, 2, 3, 4, 5, 6));
        try (Arena arena = Arena.ofConfined()) {
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, Npy.read(arena, file).toFloats());
        }
    }

    @Test
    void readsFortranOrder() throws IOException {
        Path file = file(1, PLAIN.replace("False", "True"), floats(ByteOrder.LITTLE_ENDIAN, 1, 4, 2, 5, 3, 6));
        try (Arena arena = Arena.ofConfined()) {
            Tensor tensor = Npy.read(arena, file);
            assertTrue(tensor.isContiguous());
            assertEquals(Shape.of(2, 3), tensor.shape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, tensor.toFloats());
        }
    }

    @Test
    void readsKeysInAnyOrderAndOldIntegers() throws IOException {
        Path file = file(1, "{\"shape\": (2L, 3L), 'descr': \"|u1\", 'fortran_order': False}", new byte[6]);
        try (Arena arena = Arena.ofConfined()) {
            assertEquals("u8 2x3", Npy.read(arena, file).toString());
        }
    }

    @Test
    void writesWhatTheFormatAsksFor() throws IOException {
        Path file = folder.resolve("array.npy");
        try (Arena arena = Arena.ofConfined()) {
            Npy.write(file, Tensor.ofFloats(arena, Shape.of(2, 3), 1, 2, 3, 4, 5, 6).permute(1, 0));
            assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, Npy.read(arena, file).toFloats());
        }
        byte[] bytes = Files.readAllBytes(file);
        assertEquals(0, (bytes.length - 24) % 64, "elements start at a multiple of 64");
        String header = new String(bytes, 10, bytes.length - 34, StandardCharsets.ISO_8859_1);
        assertTrue(header.startsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"), header);
        assertTrue(header.endsWith(" \n"), header);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    static Stream<Arguments> wrongHeaders() {
        return Stream.of(
                Arguments.of("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, }", "a plain array's header"),
                Arguments.of(PLAIN.replace("2, 3", "2 3"), "a shape of whole numbers"),
                Arguments.of("{'descr': '<f4', 'fortran_order': False, }", "a plain array's header"),
                Arguments.of(PLAIN.replace("<f4", "<c8"), "'<c8'"),
                Arguments.of(PLAIN.replace("<f4", "|O"), "'|O'"),
                Arguments.of(PLAIN.replace("'<f4'", "[('x', '<f4')]"), "a plain array's header"),
                Arguments.of(PLAIN.replace(", }", ", 'more': True}"), "more"),
                Arguments.of(PLAIN.replace("2, 3", "2, 4"), "bytes for f32 2x4"),
                Arguments.of(PLAIN.replace("2, 3", "9223372036854775807,"), "fewer than 2^63 bytes"),
                Arguments.of(PLAIN.replace("2, 3", "99999999999, 9999999999"), "2^63 elements"),
                Arguments.of(PLAIN.replace("2, 3", "99999999999999999999,"), "a shape of whole numbers"),
                Arguments.of("not a dictionary", "an .npy header"));
    }

    @ParameterizedTest
    @MethodSource("wrongHeaders")
    void refusesWrongHeaders(String header, String part) throws IOException {
        Path file = file(1, header, floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4, 5, 6));
        try (Arena arena = Arena.ofConfined()) {
            NpyException failure = assertThrows(NpyException.class, () -> Npy.read(arena, file));
            assertTrue(failure.getMessage().startsWith(file + ": "), failure.getMessage());
            assertTrue(failure.getMessage().contains(part), failure.getMessage());
            assertFalse(failure.getMessage().contains("\n"), failure.getMessage());
        }
    }

    @Test
    void refusesEveryTruncation() throws IOException {
        byte[] whole = Files.readAllBytes(file(1, PLAIN, floats(ByteOrder.LITTLE_ENDIAN, 1, 2, 3, 4, 5, 6)));
        Path file = folder.resolve("short.npy");
        try (Arena arena = Arena.ofConfined()) {
            for (int length = 0; length < whole.length; length++) {
                Files.write(file, Arrays.copyOf(whole, length));
                assertThrows(NpyException.class, () -> Npy.read(arena, file), "length " + length);
            }
            Files.write(file, Arrays.copyOf(whole, whole.length + 1));
            assertThrows(NpyException.class, () -> Npy.read(arena, file), "one byte too many");
        }
    }

    @Test
    void refusesOtherFiles() throws IOException {
        Path text = Files.writeString(folder.resolve("text.npy"), "this is not an array");
        try (Arena arena = Arena.ofConfined()) {
            assertTrue(assertThrows(NpyException.class, () -> Npy.read(arena, text)).getMessage()
                    .contains("an .npy file"));
            assertTrue(assertThrows(NpyException.class, () -> Npy.read(arena, folder.resolve("none.npy"))).getMessage()
                    .contains("no such file"));
            assertThrows(NpyException.class, () -> Npy.read(arena, folder));
            Path version = file(7, PLAIN);
            assertTrue(assertThrows(NpyException.class, () -> Npy.read(arena, version)).getMessage().contains("got 7"));
        }
    }

    @Test
    void leavesNothingBehindWhenItCannotWrite() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(2));
            Path missing = folder.resolve("none").resolve("array.npy");
            assertTrue(assertThrows(NpyException.class, () -> Npy.write(missing, tensor)).getMessage()
                    .contains("no such file or directory"));
            Path directory = Files.createDirectory(folder.resolve("directory"));
            assertThrows(NpyException.class, () -> Npy.write(directory, tensor));
            Tensor half = Tensor.allocate(arena, DataType.BF16, Shape.of(2));
            assertTrue(assertThrows(NpyException.class, () -> Npy.write(folder.resolve("b.npy"), half)).getMessage()
                    .contains("cast the tensor to f32"));
            try (Stream<Path> files = Files.list(folder)) {
                assertEquals(List.of(directory), files.toList());
            }
        }
    }
}
