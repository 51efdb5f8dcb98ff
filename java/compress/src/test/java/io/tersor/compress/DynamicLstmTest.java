package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.onnxruntime.OrtException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attribute;
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
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** ONNX Runtime's LSTM with weights of bytes, in all the forms that its quantization tool writes, here and there. */
class DynamicLstmTest {
    private static final int STEPS = 7;
    private static final int INPUT = 19;
    private static final int HIDDEN = 24;

    @TempDir
    Path folder;

    private final Arena arena = Arena.ofAuto();
    private final Random random = new Random(5);
    private final GraphBuilder builder = Graph.builder("lstm", 17).opset("com.microsoft", 1);

    private Tensor reals(double spread, long... dims) {
        Tensor tensor = Tensor.allocate(arena, DataType.F32, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            tensor.set(i, random.nextGaussian() * spread);
        }
        return tensor;
    }

    /** Adds weights [directions, elements, 4 * hidden], and appends the names of their scales and zero points. */
    private String weights(DataType type, boolean perChannel, int directions, int elements, List<String> parameters) {
        Tensor values = Tensor.allocate(arena, type, Shape.of(directions, elements, 4L * HIDDEN));
        for (long i = 0; i < values.shape().elements(); i++) {
            values.setLong(i, (long) type.min() + random.nextInt(256));
        }
        Shape shape = perChannel ? Shape.of(directions, 4L * HIDDEN) : Shape.of(directions);
        Tensor scales = Tensor.allocate(arena, DataType.F32, shape);
        Tensor zeroPoints = Tensor.allocate(arena, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            scales.set(i, 0.003 * (1 + random.nextDouble()));
            zeroPoints.setLong(i, type == DataType.S8 ? 0 : perChannel ? 128 : 100 + i);
        }
        parameters.add(builder.constant("scale", scales));
        parameters.add(builder.constant("zero_point", zeroPoints));
        return builder.constant("weights", values);
    }

    /**
     * With more threads ONNX Runtime quantizes the states of each sequence by themselves.
     *
     * @param bits choose the form
     */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 63, 72, 73, 76, 88, 92, 104, 136, 200, 204, 216, 220,
        251, 255})
    void runsAsInOnnxRuntime(int bits) throws OrtException {
        DataType type = (bits & 1) != 0 ? DataType.U8 : DataType.S8;
        boolean perChannel = (bits & 2) != 0;
        int directions = (bits & 4) != 0 ? 2 : 1;
        int batch = (bits & 8) != 0 ? 2 : 1;
        boolean states = (bits & 16) != 0;
        boolean special = (bits & 32) != 0;
        boolean unequal = (bits & 64) != 0;
        boolean last = (bits & 128) != 0;
        builder.input(ValueInfo.of("x", DataType.F32, Shape.of(STEPS, batch, INPUT)));
        List<String> parameters = new ArrayList<>();
        List<String> inputs = new ArrayList<>(List.of("x", weights(type, perChannel, directions, INPUT, parameters),
                weights(type, perChannel, directions, HIDDEN, parameters),
                builder.constant("bias", reals(0.3, directions, 8L * HIDDEN)),
                builder.constant("lengths", Tensor.ofInts(arena, Shape.of(batch), batch == 1 ? new int[] {STEPS - 2}
                        : new int[] {unequal ? STEPS - 4 : STEPS, STEPS})),
                states ? builder.constant("h", reals(0.5, directions, batch, HIDDEN)) : "",
                states ? builder.constant("c", reals(0.5, directions, batch, HIDDEN)) : "",
                special ? builder.constant("p", reals(0.5, directions, 3L * HIDDEN)) : ""));
        inputs.addAll(parameters);
        Attributes attributes = Attributes.NONE.with("hidden_size", HIDDEN)
                .with("direction", directions == 2 ? "bidirectional" : states ? "reverse" : "forward");
        if (special) {
            attributes = attributes.with("clip", new Attribute.FloatValue(1.5f));
        }
        builder.node(new Node("lstm", "DynamicQuantizeLSTM", "com.microsoft", inputs,
                last ? List.of("", "y") : List.of("y"), attributes));
        String rows = builder.add("Reshape", "y",
                builder.constant("shape", Tensor.ofLongs(arena, Shape.of(2), -1, HIDDEN)));
        Graph graph = builder.output(ValueInfo.of(rows, DataType.F32, Dim.UNKNOWN, Dim.of(HIDDEN))).build();
        Tensor x = reals(1, STEPS, batch, INPUT);
        Path file = folder.resolve("lstm.onnx");
        graph.save(file);
        for (Backend backend : new Backend[] {Backend.SCALAR, Backend.NATIVE}) {
            try (PreparedNetwork network = Network.load(file).prepare(backend);
                    OnnxRuntime runtime = new OnnxRuntime(file, 1)) {
                float[] ours = network.run(x, arena).toFloats();
                float[][] theirs = runtime.run(x);
                for (int i = 0; i < ours.length; i++) {
                    assertEquals(theirs[i / HIDDEN][i % HIDDEN], ours[i], 1e-5, backend + " element " + i);
                }
            }
        }
    }
}
