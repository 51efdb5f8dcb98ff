package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GraphTest {
    private static GraphBuilder builder() {
        return Graph.builder("g", 17).input(ValueInfo.of("x", DataType.F32, Dim.of("n"), Dim.of(4)));
    }

    private static Node relu(String name, String from, String to) {
        return Node.of(name, "Relu", List.of(from), List.of(to), Attributes.NONE);
    }

    @Test
    void nodesAreSortedByTheirInputs() {
        Graph graph = builder().node(relu("last", "b", "c")).node(relu("first", "x", "a"))
                .node(relu("middle", "a", "b"))
                .output("c").build();
        assertEquals(List.of("first", "middle", "last"), graph.nodes().stream().map(Node::name).toList());
        assertEquals("c: f32 [n, 4]", graph.outputs().getFirst().toString());
    }

    @Test
    void contradictionsNameNodeAndValue() {
        assertMessage("node r (Relu): input nowhere is not defined", builder().node(relu("r", "nowhere", "y"))
                .output("y"));
        assertMessage("node b: value 'y' is already defined", builder().node(relu("a", "x", "y"))
                .node(relu("b", "x", "y")).output("y"));
        assertMessage("output z: nothing defines it", builder().node(relu("a", "x", "y")).output("z"));
        assertMessage("node a (Relu): input q depends on the node's own output, a cycle",
                builder().node(relu("a", "q", "p")).node(relu("b", "p", "q")).output("q"));
        assertThrows(GraphException.class, () -> builder().node(relu("a", "x", "y")).node(relu("a", "x", "z")));
        assertThrows(GraphException.class, () -> builder().input(ValueInfo.of("x", DataType.F32)));
    }

    private static void assertMessage(String message, GraphBuilder builder) {
        assertEquals(message, assertThrows(GraphException.class, builder::build).getMessage());
    }

    @Test
    void savedAndLoadedItIsTheSame(@TempDir Path folder) throws IOException {
        Arena arena = Arena.ofAuto();
        GraphBuilder b = builder().opset("com.example", 3).metadata("made by", "a test");
        for (DataType type : DataType.values()) {
            Tensor tensor = Tensor.allocate(arena, type, Shape.of(3));
            tensor.setLong(1, 1);
            b.initializer("c_" + type, tensor);
        }
        b.sparsity("c_f32", SparseFormat.block(32, 4)).sparsity("c_s8", SparseFormat.nOfM(2, 4));
        b.sparsity("c_u8", SparseFormat.CSR).sparsity("c_s32", SparseFormat.BITMASK).sparsity("gone", SparseFormat.CSR);
        Attributes attributes = Attributes.NONE.with("alpha", 0.5f).with("k", 7).with("s", "text")
                .with("list", new long[] {1, -2, 3}).with("t", Tensor.ofFloats(arena, Shape.of(2), 1f, 2f))
                .with("reals", new Attribute.Floats(List.of(1f, 2f)))
                .with("texts", new Attribute.Strings(List.of("a")));
        b.node(new Node("odd", "Odd", "com.example", List.of("x", "", "c_s4"), List.of("p", ""), attributes));
        b.node(relu("r", "x", "y"));
        Graph graph = b.output("y").build();
        Path file = folder.resolve("model.onnx");
        graph.save(file);
        Graph read = Graph.load(file);
        assertEquals(graph.opsets(), read.opsets());
        assertEquals(Map.of("made by", "a test"), read.metadata());
        assertEquals(Map.of("c_f32", SparseFormat.block(32, 4), "c_s8", SparseFormat.nOfM(2, 4), "c_u8",
                SparseFormat.CSR, "c_s32", SparseFormat.BITMASK), read.sparsity());
        assertEquals(read.sparsity(), graph.toBuilder().build().sparsity());
        assertEquals(graph.inputs(), read.inputs());
        assertEquals(graph.outputs(), read.outputs());
        assertEquals(graph.nodes().stream().map(GraphTest::withoutTensors).toList(),
                read.nodes().stream().map(GraphTest::withoutTensors).toList());
        assertArrayEquals(new float[] {1, 2}, read.nodes().getFirst().attributes().tensor("t").orElseThrow()
                .toFloats());
        graph.initializers().forEach((name, tensor) -> assertArrayEquals(tensor.toFloats(),
                read.initializer(name).orElseThrow().toFloats(), name));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
    }

    @Test
    void formatsThatAreNoneAreRefused(@TempDir Path folder) {
        Path file = folder.resolve("model.onnx");
        builder().node(relu("r", "x", "y")).output("y").metadata("tersor.sparsity.w", "32x").build().save(file);
        String message = assertThrows(ModelFormatException.class, () -> Graph.load(file)).getMessage();
        assertTrue(message.contains("metadata tersor.sparsity.w") && message.contains("32x"), message);
    }

    @Test
    void formatsOfValuesThatAreNotThereAreDropped(@TempDir Path folder) {
        Path file = folder.resolve("model.onnx");
        builder().node(relu("r", "x", "y")).output("y").metadata("tersor.sparsity.w", "2:4").build().save(file);
        assertEquals(Map.of(), Graph.load(file).sparsity());
    }

    private static Node withoutTensors(Node node) {
        return node.withAttributes(node.attributes().without("t"));
    }

    @Test
    void operatorsOfOurOwnAreNotWritten(@TempDir Path folder) {
        Graph graph = builder().node(new Node("c", "QClip", Node.INTERNAL, List.of("x"), List.of("y"), Attributes.NONE))
                .output(ValueInfo.of("y", DataType.F32)).build();
        assertThrows(UnsupportedOperatorException.class, () -> graph.save(folder.resolve("m.onnx")));
        assertTrue(Files.notExists(folder.resolve("m.onnx")));
    }

    @Test
    void shapesFollowSymbols() {
        GraphBuilder b = builder();
        String shape = b.add("Shape", "x");
        String batch = b.add("Slice", shape, b.constant("zero", Tensor.ofLongs(Arena.ofAuto(), Shape.of(1), 0)),
                b.constant("one", Tensor.ofLongs(Arena.ofAuto(), Shape.of(1), 1)));
        String target = b.add("Concat",
                List.of(batch, b.constant("rest", Tensor.ofLongs(Arena.ofAuto(), Shape.of(2), 2, 2))),
                Attributes.NONE.with("axis", 0));
        String reshaped = b.add("Reshape", "x", target);
        Graph graph = b.output(reshaped).build();
        assertEquals("f32 [n, 2, 2]", graph.outputs().getFirst().describe());
        assertEquals("f32 [5, 2, 2]", TypeInference.infer(graph, Map.of("x", Shape.of(5, 4))).get(reshaped).describe());
    }

    @Test
    void attributesOfTheWrongTypeAreNamed() {
        GraphException e = assertThrows(GraphException.class, () ->
                Attributes.NONE.with("axis", "one").integer("axis", 0));
        assertEquals("attribute axis: expected INT, got StringValue", e.getMessage());
    }
}
