package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;

/**
 * Two LSTM layers and a linear one on the last state: input {@code frames} f32 [n, sequence, features], output
 * {@code logits} f32 [n, classes]. Weights are uniform in +-1 / sqrt(hidden).
 *
 * @param features of each step of the input
 * @param hidden width of the states
 * @param classes of the output
 */
public record LstmClassifier(int features, int hidden, int classes) {
    /** 4.2 million parameters, 3.7 million multiply-adds a step. */
    public static final LstmClassifier BASE = new LstmClassifier(256, 512, 1000);

    /** Returns the network with the weights of the given seed. */
    public Graph build(long seed) {
        Layers parts = new Layers("lstm", seed);
        GraphBuilder graph = parts.graph();
        graph.input(ValueInfo.of("frames", DataType.F32, Dim.of("n"), Dim.of("sequence"), Dim.of(features)));
        String steps = parts.transpose("frames", 1, 0, 2);
        String states = graph.add("Squeeze", layer(parts, steps, features, "states", ""), parts.integers(1));
        String last = graph.add("Squeeze", layer(parts, states, hidden, "", "last"), parts.integers(0));
        parts.head(last, hidden, classes);
        return graph.build();
    }

    /** Adds a layer with one of its outputs: all states [sequence, 1, n, hidden], or the last one [1, n, hidden]. */
    private String layer(Layers parts, String src, int width, String all, String last) {
        GraphBuilder graph = parts.graph();
        float bound = (float) (1 / Math.sqrt(hidden));
        List<String> inputs = List.of(src,
                graph.constant("lstm.w", parts.random().uniform(Shape.of(1, 4 * hidden, width), bound)),
                graph.constant("lstm.r", parts.random().uniform(Shape.of(1, 4 * hidden, hidden), bound)),
                graph.constant("lstm.b", parts.random().uniform(Shape.of(1, 8 * hidden), bound)));
        List<String> outputs = last.isEmpty() ? List.of(all) : List.of("", last);
        graph.node(Node.of(graph.freshName("lstm"), "LSTM", inputs, outputs,
                Attributes.NONE.with("hidden_size", hidden)));
        return last.isEmpty() ? all : last;
    }
}
