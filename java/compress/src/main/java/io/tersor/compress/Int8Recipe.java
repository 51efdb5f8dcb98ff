package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.pass.Passes;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Quantizer;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Post-training static quantization to INT8. Weights become s8, symmetric, with one scale for each output channel;
 * activations u8 with one scale and zero point for each tensor, from the ranges that the FP32 network shows on the
 * calibration data; biases s32, of recurrent layers f32 as their states. Attention gets u8 queries, keys, values and
 * probabilities. Batch normalizations are folded first. The result is an ONNX graph in QDQ form; its last product stays
 * unquantized at its output, so that no two classes tie by rounding.
 *
 * <p>After Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
 * (CVPR 2018), and Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference" (2018).
 *
 * @param calibrator how ranges are derived, or empty for the calibration's own way
 */
public record Int8Recipe(Optional<Calibrator> calibrator) implements Recipe {
    static Int8Recipe of(RecipeText text) {
        Optional<Calibrator> percentile = text.number("percentile").map(Calibrator.Percentile::new);
        boolean minMax = text.flag("minmax");
        if (minMax && percentile.isPresent()) {
            throw new CompressException("recipe " + text + ": expected one of minmax and percentile, got both");
        }
        return new Int8Recipe(minMax ? Optional.of(Calibrator.MIN_MAX) : percentile);
    }

    @Override
    public boolean calibrates() {
        return true;
    }

    @Override
    public Graph apply(Graph graph, Calibration calibration) {
        checkReal(graph);
        Graph folded = Opset.forQuantization(Passes.simplify(graph));
        QuantizationPlan plan = QuantizationPlan.of(folded);
        Map<String, String> values = plan.quantizedValues();
        if (values.isEmpty()) {
            throw new CompressException("network " + graph.name() + ": expected Conv, Gemm, MatMul, RNN, GRU or LSTM"
                    + " nodes with constant weights, got none");
        }
        Map<String, Range> ranges = calibration.observe(folded, values.keySet(),
                calibrator.orElse(calibration.calibrator()));
        Map<String, Range> shared = new HashMap<>();
        values.forEach((value, representative) ->
                shared.merge(representative, ranges.get(value), Range::union));
        Map<String, QuantParams> params = new HashMap<>();
        Quantizer quantizer = Quantizer.asymmetric(DataType.U8);
        shared.forEach((value, range) -> params.put(value, quantizer.params(range.min(), range.max())));
        // The graph keeps its constants' memory alive, so their arena must be the collector's to close.
        return new QdqWriter(folded, plan, params, Arena.ofAuto()).write();
    }

    static void checkReal(Graph graph) {
        for (Node node : graph.nodes()) {
            if (node.opType().equals("QuantizeLinear") || node.opType().startsWith("QLinear")
                    || node.opType().startsWith("DynamicQuantize")) {
                throw new CompressException("network " + graph.name() + ": expected FP32, got a network that is quantized"
                        + " already: node " + node.name() + " is a " + node.opType());
            }
        }
    }

    @Override
    public String toString() {
        return "int8" + calibrator.map(known -> ":" + known).orElse("");
    }
}
