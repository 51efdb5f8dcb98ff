package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import java.util.List;
import java.util.Optional;

/**
 * The encoder of BERT: input {@code hidden} f32 [n, sequence, width], as it comes from the embedding's normalization,
 * output {@code encoded} of the same shape. Layers of self-attention and of a feed-forward network with GELU
 * (0.5 x (1 + erf(x / sqrt 2))), each with a residual and LayerNormalization behind it.
 *
 * <p>Architecture: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding"
 * (2018). Weights are uniform with variance 1 / fan-in.
 *
 * @param layers how many
 * @param width of hidden states
 * @param heads of attention, a divisor of the width
 * @param inner width within the feed-forward network
 */
public record BertEncoder(int layers, int width, int heads, int inner) {
    /** BERT-base: 85.1 million parameters, 11.2 billion multiply-adds for a sequence of 128. */
    public static final BertEncoder BASE = new BertEncoder(12, 768, 12, 3072);

    /** Returns the network with the weights of the given seed. */
    public Graph build(long seed) {
        Layers parts = new Layers("bert", seed);
        GraphBuilder graph = parts.graph();
        graph.input(ValueInfo.of("hidden", DataType.F32, Dim.of("n"), Dim.of("sequence"), Dim.of(width)));
        String x = "hidden";
        for (int layer = 0; layer < layers; layer++) {
            x = normalize(parts, graph.add("Add", parts.attention(x, width, heads, true, Optional.empty()), x),
                    Optional.empty());
            String fed = parts.linear(gelu(parts, parts.linear(x, width, inner)), inner, width);
            x = normalize(parts, graph.add("Add", fed, x),
                    layer + 1 < layers ? Optional.empty() : Optional.of("encoded"));
        }
        graph.output(ValueInfo.of("encoded", DataType.F32, Dim.of("n"), Dim.of("sequence"), Dim.of(width)));
        return graph.build();
    }

    private String normalize(Layers parts, String src, Optional<String> name) {
        GraphBuilder graph = parts.graph();
        String dst = name.orElseGet(() -> graph.freshName("normalized"));
        graph.node(Node.of(graph.freshName("layernormalization"), "LayerNormalization",
                List.of(src, graph.constant("norm.scale", parts.random().around(1f, 0.2f, width)),
                        graph.constant("norm.bias", parts.random().around(0f, 0.1f, width))),
                List.of(dst), Attributes.NONE.with("axis", -1).with("epsilon", 1e-12f)));
        return dst;
    }

    private static String gelu(Layers parts, String src) {
        GraphBuilder graph = parts.graph();
        String erf = graph.add("Erf", graph.add("Div", src, parts.scalar((float) Math.sqrt(2))));
        return graph.add("Mul", graph.add("Mul", src, graph.add("Add", erf, parts.scalar(1))), parts.scalar(0.5f));
    }
}
