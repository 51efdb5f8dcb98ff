package io.tersor.model.pass;

import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Folds what a convolution's channels are multiplied by, and what is added to them, into the convolution before it: a
 * batch normalization is y = (x - mean) f + beta with f = scale / sqrt(variance + epsilon), and some exporters write
 * just a product and a sum with constants of one element for each channel. Then y = (f w) * x + f b + shift, in
 * binary64, rounded once.
 */
public final class FoldChannelScales implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node conv : graph.nodes()) {
            if (conv.is("Conv") && isFoldable(graph, conv)) {
                List<Node> followers = new ArrayList<>();
                Optional<Affine> all = Optional.empty();
                Optional<Affine> next = follower(graph, conv, conv);
                while (next.isPresent()) {
                    all = Optional.of(all.isPresent() ? all.get().then(next.get()) : next.get());
                    followers.add(next.get().node);
                    next = follower(graph, conv, next.get().node);
                }
                if (all.isPresent()) {
                    fold(graph, builder, conv, all.get());
                    followers.forEach(builder::remove);
                    changed = true;
                }
            }
        }
        return changed ? builder.build() : graph;
    }

    /**
     * x f + shift for each channel.
     *
     * @param node the last one of those that compute it
     */
    private record Affine(Node node, double[] factors, double[] shifts) {
        private Affine then(Affine next) {
            double[] both = new double[factors.length];
            double[] sums = new double[factors.length];
            for (int c = 0; c < both.length; c++) {
                both[c] = factors[c] * next.factors[c];
                sums[c] = shifts[c] * next.factors[c] + next.shifts[c];
            }
            return new Affine(next.node, both, sums);
        }
    }

    private static boolean isFoldable(Graph graph, Node conv) {
        return graph.initializer(conv.inputs().get(1)).filter(weights -> weights.type() == DataType.F32
                && weights.shape().rank() > 2 && weights.shape().elements() <= Integer.MAX_VALUE).isPresent()
                && Patterns.constantOrAbsent(graph, conv, 2);
    }

    /** Returns what the node does that alone reads the result of {@code before}, if it is what this pass folds. */
    private static Optional<Affine> follower(Graph graph, Node conv, Node before) {
        Shape weights = graph.initializer(conv.inputs().get(1)).orElseThrow().shape();
        return Patterns.onlyConsumer(graph, before.output()).flatMap(node -> switch (node.operator()) {
            case "BatchNormalization" -> node.inputs().getFirst().equals(before.output())
                    ? normalization(graph, node, weights.dim(0)) : Optional.empty();
            case "Add", "Mul" -> node.inputs().size() == 2 ? elementwise(graph, node, before.output(), weights)
                    : Optional.empty();
            default -> Optional.empty();
        });
    }

    private static Optional<Affine> normalization(Graph graph, Node node, long channels) {
        boolean fits = node.outputs().size() == 1 && node.attributes().integer("training_mode", 0) == 0
                && node.attributes().integer("spatial", 1) != 0 && node.inputs().size() == 5;
        for (int i = 1; fits && i < 5; i++) {
            fits = graph.initializer(node.inputs().get(i)).map(Tensor::shape).filter(Shape.of(channels)::equals)
                    .isPresent();
        }
        if (!fits) {
            return Optional.empty();
        }
        Tensor[] values = node.inputs().stream().skip(1).map(input -> graph.initializer(input).orElseThrow())
                .toArray(Tensor[]::new);
        double epsilon = node.attributes().real("epsilon", 1e-5f);
        double[] factors = new double[(int) channels];
        double[] shifts = new double[factors.length];
        for (int c = 0; c < factors.length; c++) {
            factors[c] = values[0].get(c) / Math.sqrt(values[3].get(c) + epsilon);
            shifts[c] = values[1].get(c) - values[2].get(c) * factors[c];
        }
        return Optional.of(new Affine(node, factors, shifts));
    }

    /** A product or sum with a constant of one element for each channel, or for all. */
    private static Optional<Affine> elementwise(Graph graph, Node node, String value, Shape weights) {
        String constant = node.inputs().get(node.inputs().getFirst().equals(value) ? 1 : 0);
        Optional<Tensor> tensor = graph.initializer(constant).filter(found -> found.type() == DataType.F32
                && fits(found.shape(), weights));
        return tensor.map(found -> {
            double[] factors = new double[(int) weights.dim(0)];
            double[] shifts = new double[factors.length];
            Arrays.fill(factors, 1);
            for (int c = 0; c < factors.length; c++) {
                double number = found.get(found.shape().elements() == 1 ? 0 : c);
                (node.is("Mul") ? factors : shifts)[c] = number;
            }
            return new Affine(node, factors, shifts);
        });
    }

    /** Whether a shape is that of a convolution's results with every other extent 1, or the first ones left out. */
    private static boolean fits(Shape shape, Shape weights) {
        int channel = shape.rank() - (weights.rank() - 1);
        boolean fits = shape.rank() <= weights.rank();
        for (int axis = 0; fits && axis < shape.rank(); axis++) {
            fits = shape.dim(axis) == 1 || axis == channel && shape.dim(axis) == weights.dim(0);
        }
        return fits;
    }

    private static void fold(Graph graph, GraphBuilder builder, Node conv, Affine affine) {
        Arena arena = Arena.ofAuto();
        Tensor weights = graph.initializer(conv.inputs().get(1)).orElseThrow();
        Optional<Tensor> bias = conv.input(2).flatMap(graph::initializer);
        int perChannel = (int) (weights.shape().elements() / Math.max(1, affine.factors.length));
        Tensor newWeights = Tensor.allocate(arena, DataType.F32, weights.shape());
        float[] from = weights.toFloats();
        float[] to = new float[from.length];
        Tensor newBias = Tensor.allocate(arena, DataType.F32, Shape.of(affine.factors.length));
        for (int c = 0; c < affine.factors.length; c++) {
            for (int i = c * perChannel; i < (c + 1) * perChannel; i++) {
                to[i] = (float) (from[i] * affine.factors[c]);
            }
            newBias.set(c, (bias.isPresent() ? bias.get().get(c) : 0) * affine.factors[c] + affine.shifts[c]);
        }
        MemorySegment.copy(to, 0, newWeights.data(), ValueLayout.JAVA_FLOAT, 0, to.length);
        List<String> inputs = new ArrayList<>();
        inputs.add(conv.inputs().getFirst());
        inputs.add(builder.constant(conv.inputs().get(1), newWeights));
        builder.sparsityLike(inputs.getLast(), conv.inputs().get(1));
        inputs.add(builder.constant(conv.input(2).orElse(conv.name() + ".bias"), newBias));
        builder.replace(conv.withInputs(inputs).withOutputs(affine.node.outputs()));
    }
}
