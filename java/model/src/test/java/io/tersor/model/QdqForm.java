package io.tersor.model;

import io.tersor.kernel.Backend;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.quant.Quantizer;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a graph in QDQ form by the ranges of one batch: as simple as it can be, for tests of the fusion. */
final class QdqForm {
    private static final Set<String> QUANTIZED = Set.of("Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool",
            "AveragePool", "GlobalAveragePool", "Flatten", "Concat");

    private final Arena arena = Arena.ofAuto();
    private final Graph graph;
    private final GraphBuilder builder;
    private final Map<String, QuantParams> params = new HashMap<>();
    private final Map<String, String> dequantized = new HashMap<>();

    private QdqForm(Graph graph, Map<String, Tensor> sample) {
        this.graph = graph;
        this.builder = graph.toBuilder();
        Map<String, float[]> ranges = new LinkedHashMap<>();
        try (ObservedNetwork network = Network.of(graph).observed(NetworkOptions.DEFAULT.on(Backend.SCALAR))) {
            network.run(sample, (value, tensor) -> {
                float[] range = new float[2];
                for (float element : tensor.toFloats()) {
                    range[0] = Math.min(range[0], element);
                    range[1] = Math.max(range[1], element);
                }
                ranges.put(value, range);
            });
        }
        ranges.forEach((value, range) ->
                params.put(value, Quantizer.asymmetric(DataType.U8).params(range[0], range[1])));
    }

    static Graph of(Graph graph, Map<String, Tensor> sample) {
        return new QdqForm(graph, sample).build();
    }

    private Graph build() {
        for (ValueInfo input : graph.inputs()) {
            pair(input.name(), input.name());
        }
        for (Node node : graph.nodes()) {
            List<String> inputs = new ArrayList<>();
            for (int i = 0; i < node.inputs().size(); i++) {
                String input = node.inputs().get(i);
                boolean constant = graph.initializer(input).isPresent();
                boolean weights = constant && i == 1 && !node.is("Clip");
                inputs.add(weights ? weights(node, input) : constant && i == 2 && !node.is("Clip")
                        ? bias(node, input) : dequantized.getOrDefault(input, input));
            }
            builder.replace(node.withInputs(inputs));
            boolean clamped = graph.consumers(node.output()).size() == 1
                    && List.of("Relu", "Clip").contains(graph.consumers(node.output()).getFirst().opType());
            if (QUANTIZED.contains(node.opType()) && !clamped && !graph.isOutput(node.output())) {
                pair(node.output(), node.output());
            }
        }
        return builder.build();
    }

    private void pair(String value, String hint) {
        String scale = builder.constant(hint + ".s", Tensor.ofFloats(arena, Shape.of(), params.get(value).scale()));
        String zero = builder.constant(hint + ".z", Tensor.ofBytes(arena, DataType.U8, Shape.of(),
                (byte) params.get(value).zeroPoint()));
        String quantized = builder.add("QuantizeLinear", value, scale, zero);
        dequantized.put(value, builder.add("DequantizeLinear", quantized, scale, zero));
    }

    private QuantParams weightsParams(Node node, String weights) {
        Tensor tensor = graph.initializer(weights).orElseThrow();
        int axis = node.is("Conv") || node.attributes().integer("transB", 0) != 0 ? 0 : 1;
        return Quantizer.symmetric(DataType.S8).perChannel(axis).params(tensor);
    }

    private String weights(Node node, String weights) {
        QuantParams channels = weightsParams(node, weights);
        QuantizedTensor quantized = Quantizer.symmetric(DataType.S8).perChannel(channels.axis())
                .quantize(graph.initializer(weights).orElseThrow(), channels, arena);
        float[] scales = new float[channels.count()];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = channels.scale(i);
        }
        return builder.add("DequantizeLinear", List.of(builder.constant(weights + ".q", quantized.values()),
                builder.constant(weights + ".s", Tensor.ofFloats(arena, Shape.of(scales.length), scales))),
                Attributes.NONE.with("axis", channels.axis()));
    }

    private String bias(Node node, String bias) {
        QuantParams channels = weightsParams(node, node.inputs().get(1));
        float source = params.get(node.inputs().getFirst()).scale();
        Tensor values = graph.initializer(bias).orElseThrow();
        int count = (int) values.shape().elements();
        float[] scales = new float[count];
        int[] integers = new int[count];
        for (int i = 0; i < count; i++) {
            scales[i] = source * channels.scale(i);
            integers[i] = (int) Math.rint(values.get(i) / scales[i]);
        }
        return builder.add("DequantizeLinear", List.of(
                builder.constant(bias + ".q", Tensor.ofInts(arena, Shape.of(count), integers)),
                builder.constant(bias + ".s", Tensor.ofFloats(arena, Shape.of(count), scales))),
                Attributes.NONE.with("axis", 0));
    }
}
