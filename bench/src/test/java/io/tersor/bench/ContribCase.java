package io.tersor.bench;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;

/** A graph of nodes of {@code com.microsoft} with its inputs, seeded. */
final class ContribCase {
    private static final Arena ARENA = Arena.ofAuto();

    private final Random random = new Random(11);
    private final GraphBuilder builder = Graph.builder("contrib", 17).opset("com.microsoft", 1);
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();

    Map<String, Tensor> inputs() {
        return inputs;
    }

    Graph graph() {
        return builder.build();
    }

    private Tensor fill(DataType type, Shape shape, double low, double high) {
        Tensor tensor = Tensor.allocate(ARENA, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            double value = low + random.nextDouble() * (high - low);
            if (type.isFloating()) {
                tensor.set(i, value);
            } else {
                tensor.setLong(i, (long) Math.floor(value));
            }
        }
        return tensor;
    }

    private String input(Tensor tensor) {
        String name = "x" + inputs.size();
        inputs.put(name, tensor);
        builder.input(ValueInfo.of(name, tensor.type(), tensor.shape()));
        return name;
    }

    /** Returns an f32 input. */
    String real(long... dims) {
        return input(fill(DataType.F32, Shape.of(dims), -2, 2));
    }

    /** Returns an input of bytes. */
    String bytes(DataType type, long... dims) {
        return input(fill(type, Shape.of(dims), type.min(), type.max() + 1));
    }

    /** Returns an s32 or s64 input of numbers from {@code low} to before {@code high}. */
    String integers(DataType type, long low, long high, long... dims) {
        return input(fill(type, Shape.of(dims), low, high));
    }

    /** Returns a constant. */
    String constant(DataType type, double low, double high, long... dims) {
        return builder.constant("c", fill(type, Shape.of(dims), low, high));
    }

    /** Returns an f32 constant, by its sign as large as the real inputs. */
    String weights(long... dims) {
        return constant(DataType.F32, -1, 1, dims);
    }

    /** Returns constant bytes of any value. */
    String levels(DataType type, long... dims) {
        return constant(type, type.min(), type.max() + 1, dims);
    }

    /** Returns a constant number. */
    String number(DataType type, double value) {
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of());
        tensor.set(0, value);
        return builder.constant("n", tensor);
    }

    /** Returns an s32 constant. */
    String vector(int... values) {
        return builder.constant("v", Tensor.ofInts(ARENA, Shape.of(values.length), values));
    }

    /** Adds a node of one output, which is the graph's. */
    ContribCase node(String opType, DataType result, int rank, UnaryOperator<Attributes> attributes,
            String... operands) {
        return node(opType, List.of("y"), result, rank, attributes, operands);
    }

    /**
     * Adds a node whose outputs are the graph's, all of one type.
     *
     * @param outputs names; a digit at the end is the rank, an underscore in front makes it none of the graph's outputs
     * @param rank of the others
     */
    ContribCase node(String opType, List<String> outputs, DataType result, int rank,
            UnaryOperator<Attributes> attributes, String... operands) {
        builder.node(new Node("node", opType, opType.equals("SimplifiedLayerNormalization") ? "" : "com.microsoft",
                List.of(operands), outputs, attributes.apply(Attributes.NONE)));
        for (String output : outputs) {
            if (!output.isEmpty() && !output.startsWith("_")) {
                char last = output.charAt(output.length() - 1);
                int own = Character.isDigit(last) ? last - '0' : rank;
                builder.output(new ValueInfo(output, result, Optional.of(Collections.nCopies(own, Dim.UNKNOWN))));
            }
        }
        return this;
    }

    /** Adds a node of ONNX's own in front. */
    List<String> before(String opType, int outputs, String... operands) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < outputs; i++) {
            names.add(opType + i);
        }
        builder.node(Node.of(opType, opType, List.of(operands), names, Attributes.NONE));
        return names;
    }
}
