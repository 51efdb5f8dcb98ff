package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.model.Node;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.quant.Quantizer;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Optional;

/**
 * Quantizes the constants of one product: weights to s8, symmetric, with one scale for each output; the bias to s32 with
 * the scale srcScale * weightScale[n], so that it adds to the accumulators as it is.
 *
 * @param weights in the network's own layout
 * @param bias s32 [n], present if the product has one
 * @param biasScales f32 [n], srcScale * weightScale[n]; empty without a bias
 */
record ProductQuantizer(QuantizedTensor weights, Optional<Tensor> bias, Tensor biasScales) {
    /** Half of what an int32 holds: the other half is for the sum of the products. */
    private static final double LARGEST_BIAS = 1 << 30;

    /**
     * Quantizes the constants of a node.
     *
     * @param weightFactor multiplies the weights, a Gemm's alpha
     * @param biasFactor multiplies the bias, a Gemm's beta
     */
    static ProductQuantizer of(Node node, Tensor weights, Optional<Tensor> bias, QuantParams source,
            float weightFactor, float biasFactor, Arena arena) {
        int axis = QuantizationPlan.outputAxis(node);
        int outputs = Math.toIntExact(weights.shape().dim(axis));
        Tensor scaled = scale(weights, weightFactor, arena);
        Quantizer quantizer = Quantizer.symmetric(DataType.S8).perChannel(axis);
        QuantParams own;
        try {
            own = quantizer.params(scaled);
        } catch (OperandException failure) {
            throw new CompressException("node " + node.name() + ": weights " + node.inputs().get(1) + ": "
                    + failure.getMessage());
        }
        boolean[] isZero = zeroOutputs(scaled, own);
        float[] scales = new float[outputs];
        float[] biasScales = new float[bias.isPresent() ? outputs : 0];
        int[] integers = new int[biasScales.length];
        for (int n = 0; n < outputs; n++) {
            scales[n] = own.scale(n);
            if (bias.isPresent()) {
                Tensor values = bias.get();
                double real = values.get(values.shape().elements() == 1 ? 0 : n) * biasFactor;
                scales[n] = scaleWithBias(isZero[n] ? 0 : own.scale(n), real, source.scale());
                biasScales[n] = source.scale() * scales[n];
                integers[n] = (int) Math.clamp(Math.rint(real / biasScales[n]), Integer.MIN_VALUE, Integer.MAX_VALUE);
            }
        }
        QuantizedTensor quantized = quantizer.quantize(scaled, QuantParams.perChannel(axis, scales), arena);
        return new ProductQuantizer(quantized,
                bias.map(_ -> Tensor.ofInts(arena, Shape.of(outputs), integers)),
                Tensor.ofFloats(arena, Shape.of(biasScales.length), biasScales));
    }

    /**
     * Returns the scale of an output's weights, coarser than their own where the bias would overflow otherwise. Weights
     * that are all zero have no scale of their own (0 here): theirs serves the bias alone.
     */
    private static float scaleWithBias(float own, double bias, float sourceScale) {
        float forBias = (float) (Math.abs(bias) / (sourceScale * LARGEST_BIAS));
        return Math.max(own, Math.max(forBias, Float.MIN_NORMAL / Math.min(1f, sourceScale)));
    }

    private static boolean[] zeroOutputs(Tensor weights, QuantParams params) {
        boolean[] isZero = new boolean[params.count()];
        Arrays.fill(isZero, true);
        for (long i = 0; i < weights.shape().elements(); i++) {
            if (weights.get(i) != 0) {
                isZero[params.index(weights.shape(), i)] = false;
            }
        }
        return isZero;
    }

    private static Tensor scale(Tensor weights, float factor, Arena arena) {
        if (factor == 1f) {
            return weights;
        }
        Tensor scaled = Tensor.allocate(arena, DataType.F32, weights.shape());
        for (long i = 0; i < weights.shape().elements(); i++) {
            scaled.set(i, weights.get(i) * factor);
        }
        return scaled;
    }
}
