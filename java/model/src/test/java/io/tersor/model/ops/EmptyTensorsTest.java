package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing in, nothing out: operators with tensors without elements, by kernels and without, on several threads. */
class EmptyTensorsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final Attributes NONE = Attributes.NONE;

    private static Tensor empty(DataType type, long... dims) {
        return Tensor.allocate(ARENA, type, Shape.of(dims));
    }

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(ARENA, Shape.of(values.length), values);
    }

    private static void check(Shape expected, DataType type, String operator, Attributes attributes, Tensor... inputs) {
        GraphBuilder b = Graph.builder(operator, 22);
        Map<String, Tensor> given = new HashMap<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < inputs.length; i++) {
            names.add("x" + i);
            if (i > 0 && inputs[i].type() == DataType.S64) {
                b.initializer("x" + i, inputs[i]);
            } else {
                given.put("x" + i, inputs[i]);
                b.input(ValueInfo.of("x" + i, inputs[i].type(), inputs[i].shape()));
            }
        }
        b.node(Node.of("node", operator, names, List.of("y"), attributes));
        Graph graph = b.output(new ValueInfo("y", type, Optional.empty())).build();
        try (Parallelism threads = Parallelism.of(2)) {
            for (NetworkOptions options : List.of(NetworkOptions.DEFAULT, NetworkOptions.DEFAULT.with(threads),
                    NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
                try (PreparedNetwork network = Network.of(graph).prepare(options)) {
                    assertEquals(expected, network.run(given, ARENA).get("y").shape(), operator);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"F32", "U8", "S32", "BF16"})
    void nothing(DataType type) {
        for (long[] dims : new long[][] {{0, 3}, {2, 0}, {0, 0}}) {
            Tensor x = empty(type, dims);
            Shape same = x.shape();
            for (String mode : List.of("constant", "edge", "reflect", "wrap")) {
                check(same, type, "Pad", NONE.with("mode", mode), x, longs(0, 0, 0, 0));
            }
            check(Shape.of(dims[1], dims[0]), type, "Transpose", NONE, x);
            check(same, type, "Tile", NONE, x, longs(1, 1));
            check(Shape.of(dims[0] * 2, dims[1] * 3), type, "Tile", NONE, x, longs(2, 3));
            check(same, type, "Slice", NONE, x, longs(0, 0), longs(9, 9), longs(0, 1), longs(1, 1));
            check(same, type, "Expand", NONE, x, longs(dims));
            check(same, type, "Where", NONE, empty(DataType.BOOL, dims), x, x);
            check(same, type, "Where", NONE, empty(DataType.BOOL, dims), empty(type, 1), x);
            check(same, DataType.F32, "Cast", NONE.with("to", 1), x);
            check(same, DataType.S32, "Cast", NONE.with("to", 6), x);
            check(same, DataType.BOOL, "Equal", NONE, x, empty(type, 1));
            check(same, type, "Add", NONE, x, x);
            check(Shape.of(2 * dims[0], dims[1]), type, "Concat", NONE.with("axis", 0), x, x);
        }
        check(Shape.of(2, 3, 0, 2), type, "SpaceToDepth", NONE.with("blocksize", 1), empty(type, 2, 3, 0, 2));
        check(Shape.of(0, 1, 4, 4), type, "DepthToSpace", NONE.with("blocksize", 2), empty(type, 0, 4, 2, 2));
        check(Shape.of(0, 3), type, "Pad", NONE.with("mode", "edge"), empty(type, 2, 3), longs(-1, 0, -1, 0));
        check(Shape.of(2, 0), type, "Pad", NONE.with("mode", "wrap"), empty(type, 2, 3), longs(0, -3, 0, 0));
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"BOOL", "S64", "U8"})
    void nothingOfIntegers(DataType type) {
        check(Shape.of(0, 3), type, type == DataType.BOOL ? "Not" : "BitwiseNot", NONE, empty(type, 0, 3));
        check(Shape.of(2, 0), type, type == DataType.BOOL ? "And" : "BitwiseAnd", NONE, empty(type, 2, 0),
                empty(type, 2, 0));
    }
}
