package io.tersor.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.tersor.TersorException;
import io.tersor.model.Graph;
import io.tersor.model.ModelFormatException;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.kernel.Backend;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DamagedFilesTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @TempDir
    private Path folder;
    private Path file;
    private byte[] good;

    @BeforeEach
    void writeGoodFile() throws IOException {
        file = folder.resolve("model.onnx");
        TestGraphs.residual().save(file);
        good = Files.readAllBytes(file);
    }

    /** Loads and prepares; anything but success or one of our exceptions fails the test. */
    private void open(byte[] bytes, String what) throws IOException {
        Files.write(file, bytes);
        assertTimeoutPreemptively(LIMIT, () -> {
            try (PreparedNetwork network = Network.load(file).prepare(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
                assertTrue(network.inputs().size() < 1000);
            } catch (TersorException e) {
                assertTrue(e.getMessage() != null && !e.getMessage().contains("\n"), () -> what + ": " + e);
            }
        }, what);
    }

    @Test
    void truncations() throws IOException {
        for (int i = 0; i < 60; i++) {
            byte[] cut = Arrays.copyOf(good, i < 20 ? i : (int) ((long) good.length * i / 60));
            open(cut, "cut at " + cut.length);
        }
        Files.write(file, Arrays.copyOf(good, good.length / 2));
        ModelFormatException e = assertThrows(ModelFormatException.class, () -> Graph.load(file));
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    }

    @Test
    void flippedBytes() throws IOException {
        Random random = new Random(99);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = good.clone();
            int flips = 1 + random.nextInt(4);
            for (int k = 0; k < flips; k++) {
                // Structure rather than weights: most of it lies at both ends.
                int at = random.nextBoolean() ? random.nextInt(2000) : bytes.length - 1 - random.nextInt(3000);
                bytes[at] = (byte) random.nextInt(256);
            }
            open(bytes, "mutation " + i);
        }
    }

    private void refuse(String expected, Consumer<TensorProto.Builder> damage) throws IOException {
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("w").setDataType(1).addDims(2)
                .setRawData(ByteString.copyFrom(new byte[8]));
        damage.accept(tensor);
        ModelProto model = ModelProto.newBuilder().setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(GraphProto.newBuilder().setName("g").addInitializer(tensor)).build();
        Files.write(file, model.toByteArray());
        TersorException e = assertThrows(TersorException.class, () -> Graph.load(file));
        assertTrue(e.getMessage().contains(expected), e.getMessage());
    }

    @Test
    void tensorsThatLie() throws IOException {
        refuse("8 bytes of data, f32 3 needs 12", tensor -> tensor.setDims(0, 3));
        refuse("8 bytes of data, f32 1 needs 4", tensor -> tensor.setDims(0, 1));
        refuse("must not be negative", tensor -> tensor.setDims(0, -2));
        refuse("more than 2^63 elements", tensor -> tensor.setDims(0, Long.MAX_VALUE).addDims(8));
        refuse("overflow", tensor -> tensor.setDims(0, Long.MAX_VALUE));
        refuse("1 values, f32 2 needs 2", tensor -> tensor.clearRawData().addFloatData(1f));
        refuse("element type COMPLEX64", tensor -> tensor.setDataType(14));
        refuse("element type 99", tensor -> tensor.setDataType(99));
    }

    /** Five elements, by hand: element i begins at bit 6 i; the last byte is filled with zeros. */
    @Test
    void floatsOfSixBitsArePacked() throws IOException {
        float[] values = {1, -0.5f, 7.5f, 0.125f, 3};
        int[] codes = {8, 36, 31, 1, 20};
        byte[] raw = {8, (byte) 249, 5, 20};
        Files.write(folder.resolve("six.bin"), raw);
        TensorProto.Builder tensor = TensorProto.newBuilder().setName("w").setDataType(27).addDims(5);
        TensorProto.Builder typed = tensor.clone();
        Arrays.stream(codes).forEach(typed::addInt32Data);
        TensorProto.Builder outside = tensor.clone();
        external(outside, "six.bin");
        for (TensorProto.Builder one : List.of(tensor.clone().setRawData(ByteString.copyFrom(raw)), typed, outside)) {
            Tensor read = OnnxTensors.toTensor(one.build(), file, Arena.ofAuto());
            assertArrayEquals(values, read.toFloats());
            assertArrayEquals(raw, OnnxTensors.toProto("w", read).getRawData().toByteArray());
        }
        refuse("3 bytes of data, f6e2m3 5 needs 4",
                six -> six.setDataType(27).setDims(0, 5).setRawData(ByteString.copyFrom(new byte[3])));
        refuse("64 is no code of f6e3m2", six -> six.setDataType(28).setDims(0, 1).clearRawData().addInt32Data(64));
        refuse("-1 is no code of f6e3m2", six -> six.setDataType(28).setDims(0, 1).clearRawData().addInt32Data(-1));
        refuse("overflow", six -> six.setDataType(28).setDims(0, Long.MAX_VALUE));
    }

    @Test
    void externalDataStayInTheFolder() throws IOException {
        Path outside = Files.createTempFile("outside", ".bin");
        try {
            Files.write(outside, new byte[8]);
            Files.write(folder.resolve("short.bin"), new byte[4]);
            Files.createSymbolicLink(folder.resolve("link.bin"), outside);
            refuse("not a file inside the model's folder", tensor -> external(tensor, outside.toString()));
            refuse("not a file inside the model's folder", tensor -> external(tensor, "link.bin"));
            refuse("not a file inside the model's folder",
                    tensor -> external(tensor, folder.relativize(outside).toString()));
            refuse("short.bin has 4 bytes", tensor -> external(tensor, "short.bin"));
            refuse("nowhere.bin", tensor -> external(tensor, "nowhere.bin"));
        } finally {
            Files.delete(outside);
        }
    }

    private static void external(TensorProto.Builder tensor, String location) {
        tensor.clearRawData().setDataLocation(TensorProto.DataLocation.EXTERNAL).addExternalData(
                StringStringEntryProto.newBuilder().setKey("location").setValue(location));
    }

    @Test
    void missingFilesAreNamed() {
        Path missing = folder.resolve("missing.onnx");
        assertTrue(assertThrows(ModelFormatException.class, () -> Graph.load(missing)).getMessage()
                .contains("there is no such file"));
        assertTrue(assertThrows(ModelFormatException.class, () -> Graph.load(folder)).getMessage()
                .contains("not a file"));
    }
}
