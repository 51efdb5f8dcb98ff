package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Arrays;
import java.util.List;

/** Draws the convolutions of one combination of types: parameters and epilogues spread evenly over them. */
final class Conv2dSampler {
    private final TypeCombo types;
    private final String group;
    private final List<Integer> srcZeros;
    private final List<Integer> dstZeros;
    private final List<Boolean> perChannel;
    private final List<Boolean> permuted;
    private final List<Draw.WeightZeros> weightZeros;
    private final List<Bias> biases;
    private final List<Draw.Bounds> bounds;
    private final List<Integer> threads;
    private final List<Integer> specials;
    private final List<Added> residuals;
    private final List<ActivationFunction> functions;

    /**
     * @param kind what tells these cases from others of the same types, ends with a dash
     * @param spread draws one value of each dimension for every case
     */
    Conv2dSampler(TypeCombo types, String kind, Spread spread) {
        this.types = types;
        this.group = types + kind;
        this.srcZeros = spread.of(0, 1, 2, 3);
        this.dstZeros = spread.of(0, 1, 2, 3);
        this.perChannel = spread.of(false, true);
        this.permuted = spread.of(false, true);
        this.weightZeros = spread.of(Draw.WeightZeros.NONE, Draw.WeightZeros.NONE, Draw.WeightZeros.NONE,
                Draw.WeightZeros.TENSOR, Draw.WeightZeros.CHANNEL);
        this.biases = spread.of(Bias.values());
        this.bounds = spread.of(Draw.Bounds.values());
        this.threads = spread.of(1, 1, 1, 1, 3);
        this.specials = spread.of(0, 0, 0, 2);
        this.residuals = spread.of(Added.NONE, Added.F32, Added.U8, Added.S8, Added.DST, Added.DST);
        this.functions = spread.of(ActivationFunction.values());
    }

    /** Returns a case of what every backend can. */
    Conv2dCase plain(int i, Geometry geometry) {
        return draw(i, geometry, ActivationFunction.IDENTITY, Added.NONE, weightZeros.get(i), specials.get(i));
    }

    /** Returns a case of everything there is. */
    Conv2dCase featured(int i, Geometry geometry) {
        return draw(i, geometry, function(i), residuals.get(i).possible(types.dst()), weightZeros.get(i),
                specials.get(i));
    }

    /** Returns a case of everything that sparse weights allow: no zero points, nothing that is not finite. */
    Conv2dCase symmetric(int i, Geometry geometry) {
        return draw(i, geometry, function(i), residuals.get(i).possible(types.dst()), Draw.WeightZeros.NONE, 0);
    }

    private ActivationFunction function(int i) {
        return types.dst() == DataType.S32 ? ActivationFunction.IDENTITY : functions.get(i);
    }

    private Conv2dCase draw(int i, Geometry geometry, ActivationFunction function, Added added,
            Draw.WeightZeros zeros, int notFinite) {
        String id = group + i;
        Draw draw = new Draw("conv " + id);
        int oc = geometry.oc();
        int k = geometry.ic() / geometry.groups() * geometry.window().kh() * geometry.window().kw();
        QuantParams srcParams = draw.tensorParams(types.src(), Draw.zeroPoint(types.src(), srcZeros.get(i)));
        QuantParams weightsParams = types.isInteger() ? draw.weightsParams(oc, 0, perChannel.get(i), zeros)
                : QuantParams.IDENTITY;
        double size = Draw.spread(types, k, srcParams, weightsParams);
        double shrink = function == ActivationFunction.IDENTITY ? 1 : MatMulSampler.FUNCTION_SPREAD / size;
        size *= shrink;
        if (types.isInteger()) {
            srcParams = QuantParams.perTensor((float) (srcParams.scale() * shrink), srcParams.zeroPoint());
        }
        QuantParams dstParams = draw.dstParams(types.dst(), size, Draw.zeroPoint(types.dst(), dstZeros.get(i)));
        Bias bias = ProductCases.possible(types, biases.get(i));
        Activation clip = ProductCases.possible(types, Draw.activation(bounds.get(i), size));
        Conv2dSpec spec = new Conv2dSpec(types.src(), types.weights(), types.dst(), geometry.ic(), oc,
                geometry.window(), geometry.groups(), srcParams, weightsParams, dstParams, bias,
                added.residual(draw, types.dst(), size), new Activation(function, clip.lo(), clip.hi()));
        double[] src = draw.values(types.src(), geometry.src().elements());
        if (!types.isInteger()) {
            src = Arrays.stream(src).map(x -> (float) (x * shrink)).toArray();
            draw.sprinkle(src, notFinite);
        }
        double[] weights = draw.values(types.weights(), (long) oc * k);
        double[] biasValues = draw.bias(bias, oc, size);
        double[] residual = Added.values(draw, spec.residual(), spec.dstShape(geometry.src()).elements(), size,
                notFinite);
        return new Conv2dCase(id, spec, geometry.src(), permuted.get(i), added == Added.DST, src, weights, biasValues,
                residual, threads.get(i));
    }
}
