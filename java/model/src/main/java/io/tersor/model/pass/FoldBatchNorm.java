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
import java.util.List;
import java.util.Optional;

/**
 * Folds a batch normalization into the convolution before it: y = (w * x + b - mean) * f + beta with
 * f = scale / sqrt(variance + epsilon) becomes (f w) * x + (b - mean) f + beta. In binary64, rounded once.
 */
public final class FoldBatchNorm implements GraphPass {
    @Override
    public Graph apply(Graph graph) {
        GraphBuilder builder = graph.toBuilder();
        boolean changed = false;
        for (Node conv : graph.nodes()) {
            Optional<Node> norm = conv.is("Conv") ? follower(graph, conv) : Optional.empty();
            if (norm.isPresent() && foldable(graph, conv, norm.get())) {
                fold(graph, builder, conv, norm.get());
                changed = true;
            }
        }
        return changed ? builder.build() : graph;
    }

    private static Optional<Node> follower(Graph graph, Node conv) {
        return Patterns.onlyConsumer(graph, conv.output()).filter(node -> node.is("BatchNormalization")
                && node.inputs().getFirst().equals(conv.output()) && node.outputs().size() == 1
                && node.attributes().integer("training_mode", 0) == 0
                && node.attributes().integer("spatial", 1) != 0);
    }

    private static boolean foldable(Graph graph, Node conv, Node norm) {
        Optional<Tensor> weights = graph.initializer(conv.inputs().get(1));
        boolean fits = weights.isPresent() && weights.get().type() == DataType.F32 && weights.get().shape().rank() > 2
                && weights.get().shape().elements() <= Integer.MAX_VALUE
                && norm.inputs().size() == 5 && Patterns.constantOrAbsent(graph, conv, 2);
        for (int i = 1; fits && i < 5; i++) {
            Optional<Tensor> values = graph.initializer(norm.inputs().get(i));
            fits = values.isPresent() && values.get().shape().equals(Shape.of(weights.get().shape().dim(0)));
        }
        return fits;
    }

    private static void fold(Graph graph, GraphBuilder builder, Node conv, Node norm) {
        Arena arena = Arena.ofAuto();
        Tensor weights = graph.initializer(conv.inputs().get(1)).orElseThrow();
        Optional<Tensor> bias = conv.input(2).flatMap(graph::initializer);
        Tensor scale = graph.initializer(norm.inputs().get(1)).orElseThrow();
        Tensor beta = graph.initializer(norm.inputs().get(2)).orElseThrow();
        Tensor mean = graph.initializer(norm.inputs().get(3)).orElseThrow();
        Tensor variance = graph.initializer(norm.inputs().get(4)).orElseThrow();
        double epsilon = norm.attributes().real("epsilon", 1e-5f);
        long channels = weights.shape().dim(0);
        long perChannel = weights.shape().elements() / Math.max(1, channels);
        Tensor newWeights = Tensor.allocate(arena, DataType.F32, weights.shape());
        float[] from = weights.toFloats();
        float[] to = new float[from.length];
        Tensor newBias = Tensor.allocate(arena, DataType.F32, Shape.of(channels));
        for (long oc = 0; oc < channels; oc++) {
            double factor = scale.get(oc) / Math.sqrt(variance.get(oc) + epsilon);
            for (int i = (int) (oc * perChannel); i < (oc + 1) * perChannel; i++) {
                to[i] = (float) (from[i] * factor);
            }
            double before = bias.isPresent() ? bias.get().get(oc) : 0;
            newBias.set(oc, (before - mean.get(oc)) * factor + beta.get(oc));
        }
        MemorySegment.copy(to, 0, newWeights.data(), ValueLayout.JAVA_FLOAT, 0, to.length);
        List<String> inputs = new ArrayList<>();
        inputs.add(conv.inputs().getFirst());
        inputs.add(builder.constant(conv.inputs().get(1), newWeights));
        builder.sparsityLike(inputs.getLast(), conv.inputs().get(1));
        inputs.add(builder.constant(conv.input(2).orElse(conv.name() + ".bias"), newBias));
        builder.remove(norm);
        builder.replace(conv.withInputs(inputs).withOutputs(norm.outputs()));
    }
}
