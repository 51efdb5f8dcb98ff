package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.longs;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operators as opsets 7 and 8 have them, where that is not how opset 9 has them. */
class OldFormsTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Tensor tensor(Shape shape, float... values) {
        return Tensor.ofFloats(ARENA, shape, values);
    }

    private static Attributes scales(Float... values) {
        return Attributes.NONE.with("scales", new Attribute.Floats(List.of(values)));
    }

    @ParameterizedTest
    @ValueSource(ints = {7, 8})
    void upsamplingByAttributes(int opset) {
        Tensor x = tensor(Shape.of(1, 1, 1, 2), 1, 3);
        Attributes twice = scales(1f, 1f, 2f, 2f);
        assertValues(run("Upsample", opset, twice, x), 1, 1, 3, 3, 1, 1, 3, 3);
        assertValues(run("Upsample", opset, twice.with("mode", "linear"), x), 1, 2, 3, 3, 1, 2, 3, 3);
        assertValues(run("Upsample", opset, scales(1f, 1f, 1f, 2.6f), x),
                1, 1, 1, 3, 3);
        Attributes three = scales(1f, 1f, 2f);
        assertThrows(OperandException.class, () -> run("Upsample", opset, three, x));
        assertThrows(OperandException.class, () -> run("Upsample", opset, Attributes.NONE, x));
        Attributes zero = scales(1f, 1f, 0f, 2f);
        assertThrows(OperandException.class, () -> run("Upsample", opset, zero, x));
        Attributes huge = scales(1e30f, 1e30f, 1e30f, 1e30f);
        assertThrows(TersorException.class, () -> run("Upsample", opset, huge, x));
    }

    /** Statistics for each channel, or for each place of each channel. */
    @ParameterizedTest
    @ValueSource(ints = {7, 8})
    void batchNormalizationOfPlaces(int opset) {
        Tensor x = tensor(Shape.of(2, 2, 1, 2), 1, 2, 3, 4, 5, 6, 7, 8);
        Attributes exact = Attributes.NONE.with("epsilon", 0f);
        Tensor[] channels = {x, floats(2, 4), floats(0, 1), floats(1, 2), floats(4, 16)};
        double[] expected = {0, 1, 2, 3, 4, 5, 6, 7};
        assertValues(run("BatchNormalization", opset, exact, channels), expected);
        assertValues(run("BatchNormalization", opset, exact.with("spatial", 1), channels), expected);
        Shape place = Shape.of(2, 1, 2);
        Tensor[] places = {x, tensor(place, 1, 2, 3, 4), tensor(place, 0, 0, 0, 1), tensor(place, 1, 1, 1, 1),
            tensor(place, 1, 1, 4, 4)};
        Attributes everywhere = exact.with("spatial", 0);
        assertValues(run("BatchNormalization", opset, everywhere, places), 0, 2, 3, 7, 4, 10, 9, 15);
        assertThrows(OperandException.class, () -> run("BatchNormalization", opset, everywhere, channels));
        assertThrows(OperandException.class, () -> run("BatchNormalization", opset, exact, places));
        assertThrows(OperandException.class, () -> run("BatchNormalization", 9, everywhere, places));
        Tensor rows = tensor(Shape.of(1, 2), 3, 6);
        Tensor[] flat = {rows, floats(2, 4), floats(0, 1), floats(1, 2), floats(4, 16)};
        assertValues(run("BatchNormalization", opset, everywhere, flat), 2, 5);
    }

    /** As constants behind a convolution, statistics of channels go into its weights, others must not. */
    @Test
    void statisticsOfPlacesStayBehindConvolutions() {
        Random random = new Random(5);
        Tensor x = TestGraphs.random(random, 1, 1, 2, 3, 3);
        Tensor w = TestGraphs.random(random, 1, 2, 2, 1, 1);
        Tensor[] statistics = new Tensor[4];
        for (int i = 0; i < 4; i++) {
            statistics[i] = TestGraphs.uniform(random, 0.5, 2, 2, 3, 3);
        }
        GraphBuilder b = Graph.builder("old", 8).input(ValueInfo.of("x", DataType.F32, x.shape()));
        String conv = b.add("Conv", "x", b.constant("w", w));
        b.node(Node.of("norm", "BatchNormalization", List.of(conv, b.constant("s", statistics[0]),
                b.constant("b", statistics[1]), b.constant("m", statistics[2]), b.constant("v", statistics[3])),
                List.of("y"), Attributes.NONE.with("spatial", 0)));
        float[] product = run("Conv", 8, Attributes.NONE, x, w).toFloats();
        try (PreparedNetwork network = Network.of(b.output("y").build()).prepare(Backend.SCALAR)) {
            float[] y = network.run(x, ARENA).toFloats();
            for (int i = 0; i < y.length; i++) {
                double expected = (product[i] - statistics[2].get(i)) / Math.sqrt(statistics[3].get(i) + 1e-5f)
                        * statistics[0].get(i) + statistics[1].get(i);
                assertEquals(expected, y[i], 1e-4);
            }
        }
    }

    @Test
    void dropoutsMaskHasTheDatasType() {
        Node dropout = Node.of("node", "Dropout", List.of(), List.of("y", "mask"), Attributes.NONE.with("ratio", 0.7f));
        List<Tensor> outputs = OneNode.run(dropout, 7, floats(1, -2));
        assertValues(outputs.get(0), 1, -2);
        assertEquals(DataType.F32, outputs.get(1).type());
        assertValues(outputs.get(1), 1, 1);
    }

    @Test
    void poolingTellsWhereItFoundTheMaximumSinceOpset8() {
        Attributes two = Attributes.NONE.with("kernel_shape", new long[] {2, 2});
        Tensor x = tensor(Shape.of(1, 1, 2, 3), 1, 5, 2, 4, 3, 6);
        assertValues(run("MaxPool", 7, two, x), 5, 6);
        Node pool = Node.of("node", "MaxPool", List.of(), List.of("y", "at"), two);
        assertArrayEquals(new long[] {1, 5}, OneNode.run(pool, 8, x).get(1).toLongs());
        Node columns = pool.withAttributes(two.with("storage_order", 1));
        assertArrayEquals(new long[] {2, 5}, OneNode.run(columns, 8, x).get(1).toLongs());
    }

    @Test
    void whatWereAttributesLater() {
        Tensor x = tensor(Shape.of(2, 2), 1, 2, 3, 4);
        assertValues(run("PRelu", 7, Attributes.NONE, floats(-2, 3), floats(0.5f)), -1, 3);
        assertValues(run("Reshape", 7, Attributes.NONE, x, longs(-1)), 1, 2, 3, 4);
        assertValues(run("TopK", 7, Attributes.NONE.with("k", 1), x), 2, 4);
        assertValues(run("Tile", 7, Attributes.NONE, x, longs(1, 2)), 1, 2, 1, 2, 3, 4, 3, 4);
        assertValues(run("Max", 7, Attributes.NONE, x, tensor(Shape.of(2, 2), 4, 1, 1, 1)), 4, 2, 3, 4);
        assertValues(run("Cast", 7, Attributes.NONE.with("to", 1), longs(3)), 3);
        assertValues(run("Gemm", 7, Attributes.NONE, x, x, floats(1, 2)), 8, 12, 16, 24);
        assertValues(run("Flatten", 7, Attributes.NONE, tensor(Shape.of(1, 2, 2), 1, 2, 3, 4)), 1, 2, 3, 4);
    }
}
