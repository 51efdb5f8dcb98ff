package io.tersor.model.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.ModelFormatException;
import io.tersor.model.Network;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of the oldest opsets, of no opset, and of other domains alone. */
class OldVersionsTest {
    private static final int FLOAT = 1;
    private static final int BOOL = 9;

    @TempDir
    private Path folder;

    private static ValueInfoProto value(String name, int type) {
        TensorShapeProto shape = TensorShapeProto.newBuilder()
                .addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(2)).build();
        return ValueInfoProto.newBuilder().setName(name).setType(TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape))).build();
    }

    /** Returns a model of one node with two inputs of the same name, without any imported opset. */
    private static ModelProto.Builder model(String domain, String operator, int type, int inputs) {
        NodeProto.Builder node = NodeProto.newBuilder().setName("node").setOpType(operator).setDomain(domain)
                .addOutput("y");
        for (int i = 0; i < inputs; i++) {
            node.addInput("x");
        }
        return ModelProto.newBuilder().setIrVersion(3).setGraph(GraphProto.newBuilder().setName("g").addNode(node)
                .addInput(value("x", type)).addOutput(value("y", type)));
    }

    private static ModelProto.Builder model(long opset, String operator, int inputs) {
        ModelProto.Builder model = model("", operator, FLOAT, inputs);
        model.addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(opset));
        return model;
    }

    private Graph load(ModelProto.Builder model) throws IOException {
        Path file = folder.resolve("model.onnx");
        Files.write(file, model.build().toByteArray());
        return Graph.load(file);
    }

    private static Tensor run(Graph graph, Tensor x) {
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            return network.run(x, Arena.ofAuto());
        }
    }

    @Test
    void whatNeverChangedRunsFromOpset1On() throws IOException {
        Tensor x = Tensor.ofFloats(Arena.ofAuto(), Shape.of(2), -4, 9);
        for (int opset : new int[] {1, 4, 6, 7}) {
            assertArrayEquals(new float[] {0, 9}, run(load(model(opset, "Relu", 1)), x).toFloats());
        }
        Tensor bits = Tensor.ofBytes(Arena.ofAuto(), DataType.BOOL, Shape.of(2), (byte) 0, (byte) 1);
        // No imports at all mean the first opset.
        Graph not = load(model("", "Not", BOOL, 1));
        assertEquals(1, not.opset());
        assertArrayEquals(new long[] {1, 0}, run(not, bits).toLongs());
        assertArrayEquals(new float[] {-8, 18}, run(load(model(7, "Add", 2)), x).toFloats());
    }

    @ParameterizedTest
    @CsvSource({"Add,2,7", "Mul,2,7", "PRelu,2,7", "Gemm,3,7", "BatchNormalization,5,7", "Dropout,1,7", "LSTM,3,7",
        "AveragePool,1,7", "Upsample,1,7", "Cast,1,6", "Selu,1,6", "Tile,2,6", "Reshape,2,5", "Pad,1,2", "Split,1,2",
        "MeanVarianceNormalization,1,9"})
    void whatMeantSomethingElseIsRefused(String operator, int inputs, int since) throws IOException {
        String message = assertThrows(UnsupportedOperatorException.class,
                () -> load(model(since - 1, operator, inputs))).getMessage();
        assertTrue(message.contains(operator + " (opset " + (since - 1) + ")")
                && message.endsWith("since opset " + since), message);
        assertEquals(since, load(model(since, operator, inputs)).opset());
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "29", "9223372036854775807"})
    void otherVersionsAreRefused(long opset) {
        String message = assertThrows(UnsupportedOperatorException.class, () -> load(model(opset, "Relu", 1)))
                .getMessage();
        assertTrue(message.contains("opset " + opset + " (newest known: 28)"), message);
    }

    @Test
    void otherDomainsAreNamed() throws IOException {
        OperatorSetIdProto ml = OperatorSetIdProto.newBuilder().setDomain("ai.onnx.ml").setVersion(5).build();
        Graph graph = load(model("ai.onnx.ml", "Scaler", FLOAT, 1).addOpsetImport(ml));
        String message = assertThrows(UnsupportedOperatorException.class,
                () -> Network.of(graph).prepare(Backend.SCALAR)).getMessage();
        assertTrue(message.contains("ai.onnx.ml.Scaler (opset 5)"), message);
        TersorException own = assertThrows(ModelFormatException.class,
                () -> load(model("", "Relu", FLOAT, 1).addOpsetImport(ml)));
        assertTrue(own.getMessage().contains("node node (Relu): the file imports only the operators of [ai.onnx.ml]"),
                own.getMessage());
    }

    /** IR version 3, which belongs to these opsets, wants every constant among the inputs. */
    @Test
    void oldGraphsAreWrittenWithoutConstantsAmongTheInputs() throws IOException {
        Graph graph = load(model(8, "Relu", 1));
        Path file = folder.resolve("written.onnx");
        graph.save(file);
        ModelProto written = ModelProto.parseFrom(Files.readAllBytes(file));
        assertEquals(4, written.getIrVersion());
        assertEquals(8, written.getOpsetImport(0).getVersion());
    }
}
