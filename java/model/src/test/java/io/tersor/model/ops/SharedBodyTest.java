package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** Bodies give the same bytes on three threads as on one. */
class SharedBodyTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor random(long... dims) {
        return TestGraphs.random(new Random(1), 2, dims);
    }

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(ARENA, Shape.of(values.length), values);
    }

    private static Tensor floats(float... values) {
        return Tensor.ofFloats(ARENA, Shape.of(values.length), values);
    }

    private static Tensor bytes(long... dims) {
        Random random = new Random(2);
        Tensor tensor = Tensor.allocate(ARENA, DataType.U8, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.setLong(i, random.nextInt(256));
        }
        return tensor;
    }

    private static Tensor indices(int below, long... dims) {
        Random random = new Random(3);
        Tensor tensor = Tensor.allocate(ARENA, DataType.S64, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.setLong(i, random.nextInt(2 * below) - below);
        }
        return tensor;
    }

    private static List<Tensor> outputs(Computation computation) {
        List<Tensor> outputs = new ArrayList<>();
        for (TensorType type : computation.outputs()) {
            Tensor output = Tensor.allocate(ARENA, type.type(), type.shape());
            output.data().fill((byte) 0x5A);
            outputs.add(output);
        }
        return outputs;
    }

    private static void check(String operator, Attributes attributes, Tensor... inputs) {
        List<String> names = operator.equals("Split") ? List.of("y", "z") : List.of("y");
        Computation computation = PlainReference.computation(Node.of("node", operator, List.of(), names, attributes),
                inputs);
        SharedBody body = assertInstanceOf(SharedBody.class, computation.body(), operator);
        List<Tensor> expected = outputs(computation);
        body.run(inputs, expected.toArray(Tensor[]::new));
        try (Parallelism threads = Parallelism.of(3)) {
            for (int run = 0; run < 1; run++) {
                List<Tensor> actual = outputs(computation);
                body.run(inputs, actual.toArray(Tensor[]::new), threads);
                for (int i = 0; i < expected.size(); i++) {
                    assertEquals(-1, expected.get(i).data().mismatch(actual.get(i).data()),
                            operator + " " + attributes);
                }
            }
        }
    }

    @Test
    void moves() {
        Attributes none = Attributes.NONE;
        for (long[] order : new long[][] {{0, 2, 3, 1}, {0, 3, 1, 2}, {3, 2, 1, 0}, {1, 0, 2, 3}}) {
            check("Transpose", none.with("perm", order), random(2, 40, 31, 33));
            check("Transpose", none.with("perm", order), bytes(1, 3, 301, 303));
        }
        check("Concat", none.with("axis", 1), random(2, 140, 31, 33), random(2, 3, 31, 33), random(2, 150, 31, 33));
        check("Concat", none.with("axis", 3), random(2, 140, 31, 33), random(2, 140, 31, 3));
        check("Split", none.with("axis", 1).with("num_outputs", 2), random(2, 281, 31, 33));
        check("Slice", none, random(3, 140, 31, 33), longs(-1, 30), longs(Long.MIN_VALUE, 0), longs(1, 2),
                longs(-1, -2));
        check("Slice", none, random(3, 140, 31, 33), longs(1), longs(31), longs(3));
        check("Expand", none, random(141, 1, 1), longs(2, 141, 41, 43));
        check("Expand", none, random(1), longs(600_001));
        check("Tile", none, random(2, 17, 23), longs(7, 15, 7));
        check("DepthToSpace", none.with("blocksize", 2), random(1, 84, 31, 33));
        check("SpaceToDepth", none.with("blocksize", 2), random(1, 41, 62, 66));
        check("Pad", none, random(2, 140, 31, 33), longs(0, 1, 2, 3, 0, 1, -2, 5));
        check("Pad", none, random(2, 140, 31, 33), longs(0, 1, 2, 3, 0, 1, -2, 5), floats(1.5f).reshape(Shape.of()));
        for (String mode : List.of("edge", "reflect", "wrap")) {
            check("Pad", none.with("mode", mode), random(2, 140, 31, 33), longs(0, 1, 2, 3, 0, 1, -2, 5));
        }
        check("CenterCropPad", none, random(140, 61, 43), longs(151, 70, 40));
    }

    @Test
    void gathers() {
        check("Gather", Attributes.NONE, random(300, 257), indices(300, 241, 7));
        check("Gather", Attributes.NONE.with("axis", 1), random(241, 300, 5), indices(300, 300));
        check("GatherND", Attributes.NONE, random(30, 20, 101), indices(20, 141, 31, 2));
        check("GatherND", Attributes.NONE.with("batch_dims", 1), random(31, 20, 101), indices(20, 31, 141, 1));
        // Failures of a thread are the caller's.
        Tensor wrong = indices(300, 4001);
        wrong.setLong(3999, 300);
        assertThrows(OperandException.class, () -> check("Gather", Attributes.NONE, random(300, 257), wrong));
    }

    @Test
    void resizes() {
        for (String mode : List.of("nearest", "linear", "cubic")) {
            for (String coordinates : List.of("half_pixel", "align_corners", "tf_crop_and_resize")) {
                Attributes attributes = Attributes.NONE.with("mode", mode)
                        .with("coordinate_transformation_mode", coordinates).with("extrapolation_value", 7f);
                boolean crops = coordinates.startsWith("tf");
                for (float[] scales : new float[][] {{1, 1, 2, 1.7f}, {1, 2.3f, 1.5f, 1}, {1, 0.5f, 3, 3},
                    {2, 1, 1, 3}}) {
                    Tensor roi = crops ? floats(0, 0, 0.1f, 0, 1, 1, 1.2f, 0.8f) : floats();
                    check("Resize", attributes, random(1, 61, 37, 41), roi, floats(scales));
                }
                check("Resize", attributes, bytes(2, 31, 37, 41), crops ? floats(0, 0, 0.1f, 0, 1, 1, 1, 0.8f)
                        : floats(), floats(1, 1, 1.5f, 3));
                check("Resize", attributes, random(1, 37, 41, 61), crops ? floats(0, 0, 0, 0, 1, 1.2f, 1, 1) : floats(),
                        floats(1, 1.5f, 2, 1));
            }
        }
        check("Resize", Attributes.NONE, random(), floats(), floats());
    }

    @Test
    void rangesCoverAll() {
        try (Parallelism threads = Parallelism.of(3)) {
            for (long count : new long[] {0, 1, 2, 13, 1000}) {
                Set<Long> seen = ConcurrentHashMap.newKeySet();
                Set<Long> starts = ConcurrentHashMap.newKeySet();
                SharedBody.ranges(threads, count, 100 * SharedBody.PART_BYTES, (first, end) -> {
                    starts.add(first);
                    for (long i = first; i < end; i++) {
                        assertTrue(seen.add(i));
                    }
                });
                assertEquals(count, seen.size());
                assertTrue(starts.size() >= Math.min(count, 7), starts.toString());
            }
            List<Long> small = new ArrayList<>();
            SharedBody.ranges(threads, 100, SharedBody.PART_BYTES, (first, _) -> small.add(first));
            assertEquals(List.of(0L), small);
        }
    }
}
