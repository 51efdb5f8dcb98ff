package io.tersor.model.ops;

import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.model.Attribute;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Extents and attributes of an RNN, GRU or LSTM node.
 *
 * @param gates 1, 3 or 4
 * @param input elements of a step's input
 * @param directions 1, or 2 where the second one runs backwards
 * @param reverseOnly whether the only direction runs backwards
 * @param batchFirst whether the batch comes before the steps, and before the directions in states
 * @param activations for each direction those of gates, of candidates, of the LSTM's output
 */
public record RecurrentLayout(int gates, int steps, int batch, int input, int hidden, int directions,
        boolean reverseOnly, boolean batchFirst, List<List<MapSpec>> activations) {
    private static final List<MapSpec> USUAL =
            List.of(new MapSpec(MapFunction.SIGMOID), tanh(1, 1), tanh(1, 1));

    /**
     * Reads a node, whose operands are checked.
     *
     * @param transposed whether weights are [directions, elements, gates * hidden] instead of ONNX's
     *     [directions, gates * hidden, elements]
     */
    public static RecurrentLayout of(OpContext context, int gates, boolean transposed) {
        Shape x = context.shape(0);
        Shape w = context.shape(1);
        context.check(x.rank() == 3, 0, "rank 3");
        boolean batchFirst = context.attributes().integer("layout", 0) != 0;
        String direction = context.attributes().text("direction", "forward");
        int directions = direction.equals("bidirectional") ? 2 : 1;
        long hidden = context.attributes().integer("hidden_size",
                w.rank() == 3 ? w.dim(transposed ? 2 : 1) / gates : 0);
        checkWeights(context, 1, directions, gates * hidden, x.dim(2), transposed);
        checkWeights(context, 2, directions, gates * hidden, hidden, transposed);
        int steps = Math.toIntExact(x.dim(batchFirst ? 1 : 0));
        int batch = Math.toIntExact(x.dim(batchFirst ? 0 : 1));
        RecurrentLayout layout = new RecurrentLayout(gates, steps, batch, Math.toIntExact(x.dim(2)),
                Math.toIntExact(hidden), directions, direction.equals("reverse"), batchFirst,
                activations(context, gates, directions));
        checkOptional(context, 3, Shape.of(directions, 2L * gates * hidden));
        checkOptional(context, 4, Shape.of(batch));
        checkOptional(context, 5, layout.state());
        if (gates == 4) {
            checkOptional(context, 6, layout.state());
            checkOptional(context, 7, Shape.of(directions, 3 * hidden));
        }
        return layout;
    }

    private static void checkWeights(OpContext context, int input, int directions, long outputs, long elements,
            boolean transposed) {
        Shape expected = transposed ? Shape.of(directions, elements, outputs) : Shape.of(directions, outputs, elements);
        context.check(context.shape(input).equals(expected), input, expected.toString());
    }

    private static void checkOptional(OpContext context, int input, Shape shape) {
        if (context.has(input)) {
            context.check(context.shape(input).equals(shape), input, shape.toString());
        }
    }

    /** Returns the shape of a state, initial or last. */
    public Shape state() {
        return batchFirst ? Shape.of(batch, directions, hidden) : Shape.of(directions, batch, hidden);
    }

    /** Returns the shape of all states. */
    public Shape all() {
        return batchFirst ? Shape.of(batch, steps, directions, hidden) : Shape.of(steps, directions, batch, hidden);
    }

    /**
     * Returns the steps of one sequence.
     *
     * @param lengths of all sequences, or null where all have all steps
     */
    public int length(Tensor lengths, int sequence) {
        return lengths == null ? steps : (int) Math.clamp(lengths.getLong(sequence), 0L, steps);
    }

    /**
     * Returns how many rows of the source have all that is read of it: with steps first, those before the end of the
     * longest sequence.
     *
     * @param lengths see {@link #length}
     */
    public int rows(Tensor lengths) {
        int longest = batchFirst ? steps : 0;
        for (int sequence = 0; sequence < batch; sequence++) {
            longest = Math.max(longest, length(lengths, sequence));
        }
        return longest * batch;
    }

    /** Returns whether a direction runs backwards. */
    public boolean reverse(int direction) {
        return reverseOnly || direction == 1;
    }

    /** Returns the row of the source, of {@link #input} elements, of one step and sequence. */
    public int source(int step, int sequence) {
        return batchFirst ? sequence * steps + step : step * batch + sequence;
    }

    /** Returns the row of all states, of {@link #hidden} elements. */
    public int result(int step, int direction, int sequence) {
        return batchFirst ? (sequence * steps + step) * directions + direction
                : (step * directions + direction) * batch + sequence;
    }

    /** Returns the row of a state, of {@link #hidden} elements. */
    public int state(int direction, int sequence) {
        return batchFirst ? sequence * directions + direction : direction * batch + sequence;
    }

    private static List<List<MapSpec>> activations(OpContext context, int gates, int directions) {
        List<MapSpec> usual = gates == 1 ? USUAL.subList(1, 2) : USUAL.subList(0, gates - 1);
        List<String> named = context.attributes().get("activations")
                .map(value -> value instanceof Attribute.Strings strings ? strings.values()
                        : List.<String>of()).orElse(List.of());
        Parameters alphas = new Parameters(context.attributes().reals("activation_alpha"));
        Parameters betas = new Parameters(context.attributes().reals("activation_beta"));
        List<List<MapSpec>> all = new ArrayList<>();
        for (int d = 0; d < directions; d++) {
            List<MapSpec> own = new ArrayList<>();
            for (int i = 0; i < usual.size(); i++) {
                int index = d * usual.size() + i;
                String name = index < named.size() ? named.get(index).toLowerCase(Locale.ROOT) : "";
                own.add(name.isEmpty() ? usual.get(i) : activation(context, name, alphas, betas));
            }
            all.add(List.copyOf(own));
        }
        return List.copyOf(all);
    }

    private static MapSpec activation(OpContext context, String name, Parameters alpha, Parameters beta) {
        return switch (name) {
            case "sigmoid" -> new MapSpec(MapFunction.SIGMOID);
            case "tanh" -> tanh(1, 1);
            case "relu" -> new MapSpec(MapFunction.RELU);
            case "softsign" -> new MapSpec(MapFunction.SOFTSIGN);
            case "softplus" -> new MapSpec(MapFunction.SOFTPLUS);
            case "affine" -> new MapSpec(MapFunction.AFFINE, alpha.or(1), beta.or(0));
            case "leakyrelu" -> new MapSpec(MapFunction.LEAKY_RELU, alpha.or(0.01f), 0);
            case "thresholdedrelu" -> new MapSpec(MapFunction.THRESHOLDED_RELU, alpha.or(1), 0);
            case "scaledtanh" -> tanh(alpha.or(1), beta.or(1));
            case "hardsigmoid" -> new MapSpec(MapFunction.HARD_SIGMOID, alpha.or(0.2f), beta.or(0.5f));
            case "elu" -> new MapSpec(MapFunction.ELU, alpha.or(1), 1);
            default -> throw context.unsupported("activation " + name);
        };
    }

    private static MapSpec tanh(float alpha, float beta) {
        return new MapSpec(MapFunction.TANH, alpha, beta);
    }

    /** Values for those functions that have such a parameter, taken in their order. */
    private static final class Parameters {
        private final float[] values;
        private int next;

        Parameters(float[] values) {
            this.values = values;
        }

        /** Takes the next value; where there is none, or NaN, the usual one counts. */
        float or(float usual) {
            float value = next < values.length ? values[next++] : Float.NaN;
            return Float.isNaN(value) ? usual : value;
        }
    }
}
