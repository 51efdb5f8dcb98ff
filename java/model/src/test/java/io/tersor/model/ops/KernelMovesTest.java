package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Operators that move elements, as kernels against the plain ones, in every element type and on several threads. */
class KernelMovesTest {
    private static final Attributes NONE = Attributes.NONE;

    private static Tensor bits(DataType type, long... dims) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), type, Shape.of(dims));
        byte[] bytes = new byte[(int) tensor.data().byteSize()];
        new Random(dims.length).nextBytes(bytes);
        tensor.data().copyFrom(java.lang.foreign.MemorySegment.ofArray(bytes));
        return tensor;
    }

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(Arena.ofAuto(), Shape.of(values.length), values);
    }

    private static Tensor floats(float... values) {
        return Tensor.ofFloats(Arena.ofAuto(), Shape.of(values.length), values);
    }

    private static void check(String operator, Attributes attributes, Tensor... inputs) {
        Node node = Node.of("node", operator, List.of(), List.of("y"), attributes);
        PlainReference.check(node, "native/move_" + inputs[0].type(), 0, List.of(1, 2, 3, 4), Backend.NATIVE, inputs);
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"F32", "U8", "S64", "BF16", "F64", "F16"})
    void moves(DataType type) {
        for (long[] order : new long[][] {{0, 2, 1, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}, {1, 0, 2, 3}}) {
            check("Transpose", NONE.with("perm", order), bits(type, 3, 20, 17, 35));
            check("Transpose", NONE.with("perm", order), bits(type, 2, 3, 4, 5));
        }
        check("Transpose", NONE, bits(type, 2, 3, 2, 3, 2, 3));
        check("Slice", NONE, bits(type, 9, 20, 33), longs(1, -1), longs(31, Long.MIN_VALUE), longs(2, 1), longs(1, -2));
        check("Slice", NONE, bits(type, 9, 20, 33), longs(2), longs(2), longs(1));
        check("Slice", NONE, bits(type, 9), longs(3), longs(4));
        check("Expand", NONE, bits(type, 7, 1, 5), longs(2, 7, 9, 5));
        check("Expand", NONE, bits(type, 1), longs(1001));
        check("Tile", NONE, bits(type, 2, 17, 23), longs(3, 1, 2));
        check("Tile", NONE, bits(type, 2, 17, 23), longs(3, 0, 2));
        for (int block = 1; block <= 4; block++) {
            for (String mode : List.of("DCR", "CRD")) {
                check("DepthToSpace", NONE.with("blocksize", block).with("mode", mode),
                        bits(type, 2, 3 * block * block, 5, 19));
            }
            check("SpaceToDepth", NONE.with("blocksize", block), bits(type, 2, 3, 5 * block, 19 * block));
        }
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"F32", "U8", "S8", "S64", "BF16"})
    void resizes(DataType type) {
        Attributes nearest = NONE.with("mode", "nearest").with("coordinate_transformation_mode", "asymmetric")
                .with("nearest_mode", "floor");
        for (float[] scales : new float[][] {{1, 1, 2, 2}, {1, 1, 3, 1}, {1, 2, 1, 4}, {1, 1, 1, 1}}) {
            check("Resize", nearest, bits(type, 2, 3, 7, 37), floats(), floats(scales));
        }
        // Half pixels round to the same places.
        check("Resize", NONE, bits(type, 2, 3, 7, 37), floats(), floats(1, 1, 2, 2));
        // Nor does it need every position: one of two or three, from the first or the next on.
        for (float[] scales : new float[][] {{1, 1, 0.5f, 1}, {1, 1, 0.5f, 0.5f}, {1, 1, 2, 1 / 3f}, {1, 1, 1 / 8f,
                1}}) {
            check("Resize", nearest, bits(type, 2, 3, 8, 36), floats(), floats(scales));
        }
        check("Resize", NONE.with("nearest_mode", "ceil"), bits(type, 2, 3, 8, 36), floats(), floats(1, 1, 0.5f, 0.5f));
        // What does not repeat all equally often is no such move.
        for (float[] scales : new float[][] {{1, 1, 1.5f, 2}, {1, 1, 0.6f, 1}}) {
            Node node = Node.of("node", "Resize", List.of(), List.of("y"), nearest);
            PlainReference.check(node, "java/resize", 0, List.of(1, 2), Backend.NATIVE, bits(type, 2, 3, 8, 37),
                    floats(), floats(scales));
        }
        for (Attributes shifted : List.of(nearest.with("nearest_mode", "ceil"),
                nearest.with("coordinate_transformation_mode", "align_corners"))) {
            Node node = Node.of("node", "Resize", List.of(), List.of("y"), shifted);
            PlainReference.check(node, "java/resize", 0, List.of(1, 2), Backend.NATIVE, bits(type, 2, 3, 8, 37),
                    floats(), floats(1, 1, 2, 3));
        }
    }

    /** The vector backend, which has no such kernel, is not left for another where it is ordered. */
    @Test
    void ordersAreFollowed() {
        Node node = Node.of("node", "Transpose", List.of(), List.of("y"), NONE.with("perm", new long[] {0, 2, 1, 3}));
        for (Backend backend : List.of(Backend.VECTOR, Backend.SCALAR)) {
            PlainReference.check(node, "java/transpose", 0, List.of(), backend, bits(DataType.F32, 2, 3, 4, 5));
        }
        // More axes than the kernel takes.
        Tensor many = bits(DataType.F32, 2, 2, 2, 2, 2, 2, 2, 2, 2);
        PlainReference.check(Node.of("node", "Transpose", List.of(), List.of("y"), NONE), "java/transpose", 0, List.of(),
                Backend.NATIVE, many);
    }

    @Test
    void threadsGiveTheSame() {
        GraphBuilder b = Graph.builder("moves", 22);
        b.input(ValueInfo.of("x", DataType.F32, Shape.of(4, 64, 120, 64)));
        b.node(Node.of("t", "Transpose", List.of("x"), List.of("t"), NONE.with("perm", new long[] {0, 2, 1, 3})));
        b.node(Node.of("r", "Transpose", List.of("t"), List.of("r"), NONE));
        b.node(Node.of("d", "SpaceToDepth", List.of("r"), List.of("d"), NONE.with("blocksize", 2)));
        b.output(new ValueInfo("d", DataType.F32, Optional.empty()));
        Tensor x = bits(DataType.F32, 4, 64, 120, 64);
        try (Parallelism threads = Parallelism.of(3); Arena arena = Arena.ofConfined();
                PreparedNetwork one = Network.of(b.build()).prepare(NetworkOptions.DEFAULT);
                PreparedNetwork three = Network.of(b.build()).prepare(NetworkOptions.DEFAULT.with(threads))) {
            Tensor expected = one.run(Map.of("x", x), arena).get("d");
            for (int run = 0; run < 5; run++) {
                assertEquals(-1, expected.data().mismatch(three.run(Map.of("x", x), arena).get("d").data()));
            }
            assertTrue(three.kernels().stream().allMatch(step -> step.kernel().contains("native/")),
                    three.kernels().toString());
        }
    }
}
