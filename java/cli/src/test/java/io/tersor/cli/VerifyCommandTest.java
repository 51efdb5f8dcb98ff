package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class VerifyCommandTest {
    @TempDir
    Path folder;

    private Path write(String name, String operator, float input, float output) throws IOException {
        Path data = Files.createDirectories(folder.resolve(name).resolve("test_data_set_0"));
        Graph.builder(name, 17).input(ValueInfo.of("x", DataType.F32, Dim.of(1)))
                .node(Node.of("step", operator, List.of("x"), List.of("y"), Attributes.NONE))
                .output(ValueInfo.of("y", DataType.F32, Dim.of(1))).build().save(folder.resolve(name, "model.onnx"));
        Files.write(data.resolve("input_0.pb"), tensor(input));
        Files.write(data.resolve("output_0.pb"), tensor(output));
        return folder.resolve(name);
    }

    private static byte[] tensor(float value) {
        ByteBuffer raw = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).flip();
        return TensorProto.newBuilder().addDims(1).setDataType(1).setRawData(ByteString.copyFrom(raw)).build()
                .toByteArray();
    }

    @Test
    void tellsPassFailAndUnsupportedApart() throws IOException {
        write("a_right", "Relu", -1, 0);
        write("b_wrong", "Relu", 2, 2.5f);
        write("c_unknown", "Levitate", 2, 2);
        Cli run = Cli.run("verify", folder, "--json");
        assertEquals(1, run.status());
        assertEquals("", run.err());
        JsonNode report = JsonMapper.shared().readTree(run.out());
        assertEquals(3, report.size());
        assertEquals("{\"case\":\"a_right\",\"status\":\"pass\",\"detail\":\"\"}", report.get(0).toString());
        assertEquals("fail", report.get(1).get("status").asString());
        assertTrue(report.get(1).get("detail").asString().contains("0.5"), run.out());
        assertEquals("unsupported", report.get(2).get("status").asString());
        assertTrue(report.get(2).get("detail").asString().contains("Levitate"), run.out());
    }

    @Test
    void unsupportedDoesNotFail() throws IOException {
        Path right = write("right", "Relu", 3, 3);
        Path unknown = write("unknown", "Levitate", 2, 2);
        String text = Cli.run("verify", right, unknown).succeeded().out();
        assertTrue(text.endsWith("2 cases: 1 pass, 0 fail, 1 unsupported" + System.lineSeparator()), text);
    }

    @Test
    void folderWithoutCases() {
        Cli.run("verify", folder).failed(folder.toString());
        Cli.run("verify", folder.resolve("none")).failed(folder.resolve("none").toString());
        Cli.run("verify").refused("DIR");
    }
}
