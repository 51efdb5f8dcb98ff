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
import java.util.Optional;

/**
 * A decoder as language models have it, without a cache: input {@code tokens} s64 [n, sequence], output {@code logits}
 * f32 [n, sequence, vocabulary]. Embeddings of tokens and positions, layers of causal self-attention and of a
 * feed-forward network gated by SiLU, each behind an RMS normalization and with a residual; a head without bias.
 *
 * <p>Architecture: Touvron et al., "LLaMA: Open and Efficient Foundation Language Models" (2023), but for learned
 * positions. Weights are uniform with variance 1 / fan-in.
 *
 * @param layers how many
 * @param width of hidden states
 * @param heads of attention, a divisor of the width
 * @param inner width within the feed-forward network
 * @param vocabulary number of tokens
 * @param positions the longest sequence
 */
public record Decoder(int layers, int width, int heads, int inner, int vocabulary, int positions) {
    /** 22.3 million parameters. */
    public static final Decoder SMALL = new Decoder(4, 512, 8, 1536, 8192, 512);

    private static final float MASKED = -1e9f;
    private static final float EPSILON = 1e-5f;

    /** Returns the network with the weights of the given seed. */
    public Graph build(long seed) {
        Layers parts = new Layers("decoder", seed);
        GraphBuilder graph = parts.graph();
        graph.input(ValueInfo.of("tokens", DataType.S64, Dim.of("n"), Dim.of("sequence")));
        String places = graph.add("Range", parts.integer(0),
                graph.add("Gather", graph.add("Shape", "tokens"), parts.integer(1)), parts.integer(1));
        String embedded = graph.add("Gather", graph.constant("embedding",
                parts.random().uniform(Shape.of(vocabulary, width), 1f)), "tokens");
        String place = graph.add("Gather", graph.constant("positions",
                parts.random().uniform(Shape.of(positions, width), 0.5f)), places);
        String mask = mask(parts, places);
        String x = graph.add("Add", embedded, place);
        for (int layer = 0; layer < layers; layer++) {
            x = graph.add("Add", x,
                    parts.attention(normalize(parts, x), width, heads, false, Optional.of(mask)));
            x = graph.add("Add", x, feedForward(parts, normalize(parts, x)));
        }
        String weights = graph.constant("head.weight", parts.random().linear(Shape.of(width, vocabulary), width));
        graph.node(Node.of("head", "MatMul", List.of(normalize(parts, x), weights), List.of("logits"),
                Attributes.NONE));
        graph.output(ValueInfo.of("logits", DataType.F32, Dim.of("n"), Dim.of("sequence"), Dim.of(vocabulary)));
        return graph.build();
    }

    /** Adds what keeps a position from seeing later ones: [sequence, sequence], 0 on and below the diagonal. */
    private static String mask(Layers parts, String places) {
        GraphBuilder graph = parts.graph();
        String later = graph.add("Greater", graph.add("Unsqueeze", places, parts.integers(0)),
                graph.add("Unsqueeze", places, parts.integers(1)));
        return graph.add("Where", later, parts.scalar(MASKED), parts.scalar(0));
    }

    /** Adds x / sqrt(mean(x^2) + epsilon) * scale. */
    private String normalize(Layers parts, String src) {
        GraphBuilder graph = parts.graph();
        String mean = graph.add("ReduceMean", List.of(graph.add("Mul", src, src)),
                Attributes.NONE.with("axes", new long[] {-1}).with("keepdims", 1));
        String root = graph.add("Sqrt", graph.add("Add", mean, parts.scalar(EPSILON)));
        return graph.add("Mul", graph.add("Div", src, root),
                graph.constant("norm.scale", parts.random().around(1f, 0.2f, width)));
    }

    /** Adds (silu(x w1) * (x w2)) w3. */
    private String feedForward(Layers parts, String src) {
        GraphBuilder graph = parts.graph();
        String gate = parts.product(src, width, inner);
        String open = graph.add("Mul", gate, graph.add("Sigmoid", gate));
        return parts.product(graph.add("Mul", open, parts.product(src, width, inner)), inner, width);
    }
}
