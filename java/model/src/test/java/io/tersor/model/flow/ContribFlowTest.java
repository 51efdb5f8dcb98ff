package io.tersor.model.flow;

import static io.tersor.model.flow.FlowRuns.ARENA;
import static io.tersor.model.flow.FlowRuns.body;
import static io.tersor.model.flow.FlowRuns.build;
import static io.tersor.model.flow.FlowRuns.integer;
import static io.tersor.model.flow.FlowRuns.loop;
import static io.tersor.model.flow.FlowRuns.tensor;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Operators of ONNX Runtime's domain in bodies, whose values have no known rank before they run. */
class ContribFlowTest {
    /** y = x, then n times y = y y^T. */
    @Test
    void bodiesAreTranslatedWhenTheirRanksAreKnown() {
        GraphBuilder loop = body("i", "go", "y");
        loop.opset("com.microsoft", 1);
        loop.node(new Node("product", "FusedMatMul", "com.microsoft", List.of("y", "y"), List.of("next"),
                Attributes.NONE.with("transB", 1).with("alpha", 0.5f)));
        GraphBuilder b = Graph.builder("squares", 18).opset("com.microsoft", 1);
        b.input(ValueInfo.of("n", DataType.S64)).input(ValueInfo.of("x", DataType.F32, Dim.of(2), Dim.of(2)));
        b.node(loop(List.of("n", "", "x"), List.of("last"), build(loop, "go", "next"), 3));
        Graph graph = b.output(tensor("last", DataType.F32)).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            Tensor x = Tensor.ofFloats(ARENA, Shape.of(2, 2), 1, 2, 3, 4);
            // 0.5 x x^T = [2.5, 5.5; 5.5, 12.5], and that times itself, halved.
            assertArrayEquals(new float[] {18.25f, 41.25f, 41.25f, 93.25f},
                    network.run(Map.of("n", integer(2), "x", x), ARENA).get("last").toFloats());
        }
    }
}
