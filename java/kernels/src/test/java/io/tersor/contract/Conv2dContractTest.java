package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Conv2d on every backend, over chosen geometries with sampled parameters and epilogues. */
@Tag("isa-tiers")
class Conv2dContractTest {
    /** Image and window of a case. */
    private record Geometry(int n, int h, int w, int ic, int oc, int groups, Window window) {
        private static Geometry of(int n, int h, int w, int ic, int oc, Window window) {
            return new Geometry(n, h, w, ic, oc, 1, window);
        }

        private Geometry groups(int count) {
            return new Geometry(n, h, w, ic, oc, count, window);
        }

        private Shape src() {
            return Shape.of(n, h, w, ic);
        }
    }

    private static final Window ONE = Window.of(1, 1);
    private static final Window THREE = Window.of(3, 3);

    private static final List<Geometry> GEOMETRIES = List.of(
            // Pointwise: a matrix multiplication, with and without strides.
            Geometry.of(1, 1, 1, 1, 1, ONE), Geometry.of(1, 5, 7, 3, 13, ONE), Geometry.of(2, 8, 8, 64, 33, ONE),
            Geometry.of(1, 7, 7, 33, 64, ONE.stride(2)), Geometry.of(3, 4, 4, 16, 16, ONE),
            Geometry.of(1, 9, 5, 17, 1, ONE.stride(2, 3)), Geometry.of(1, 3, 3, 5, 7, ONE.padding(1)),
            Geometry.of(1, 4, 6, 128, 10, ONE),
            // 3x3 with and without strides and padding.
            Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)), Geometry.of(1, 9, 11, 3, 16, THREE.padding(1).stride(2)),
            Geometry.of(2, 5, 5, 1, 1, THREE), Geometry.of(1, 13, 6, 7, 19, THREE.stride(2, 1).padding(1)),
            Geometry.of(1, 7, 7, 64, 33, THREE.padding(1)), Geometry.of(1, 6, 6, 33, 64, THREE),
            Geometry.of(1, 10, 10, 13, 1, THREE.stride(3)),
            // Asymmetric padding, also wider than the kernel.
            Geometry.of(1, 6, 7, 4, 5, THREE.padding(0, 1, 2, 0)),
            Geometry.of(1, 5, 5, 16, 8, THREE.padding(2, 0, 0, 1)),
            Geometry.of(1, 3, 4, 3, 5, THREE.padding(4, 3, 2, 5)), Geometry.of(2, 7, 7, 8, 8, THREE.stride(2)
                    .padding(0, 0, 1, 1)),
            // Dilation.
            Geometry.of(1, 9, 9, 16, 16, THREE.dilation(2, 2)), Geometry.of(1, 11, 8, 5, 7, THREE.dilation(3, 2)
                    .padding(2)), Geometry.of(1, 10, 10, 3, 4, THREE.dilation(2, 1).stride(2).padding(1, 2, 3, 0)),
            // Groups.
            Geometry.of(1, 6, 6, 8, 12, THREE.padding(1)).groups(2), Geometry.of(1, 5, 5, 15, 10, THREE).groups(5),
            Geometry.of(2, 4, 4, 32, 32, ONE).groups(2), Geometry.of(1, 6, 6, 33, 66, THREE.stride(2)).groups(11),
            Geometry.of(1, 5, 6, 64, 64, THREE.padding(1)).groups(4),
            // Depthwise, one and two outputs for each channel.
            Geometry.of(1, 8, 8, 16, 16, THREE.padding(1)).groups(16),
            Geometry.of(1, 9, 7, 33, 33, THREE.padding(1).stride(2)).groups(33),
            Geometry.of(2, 6, 6, 7, 14, THREE.padding(1)).groups(7), Geometry.of(1, 7, 7, 64, 128, THREE).groups(64),
            Geometry.of(1, 9, 9, 5, 5, Window.of(5, 5).padding(2)).groups(5),
            Geometry.of(1, 8, 8, 19, 19, THREE.dilation(2, 2).padding(2)).groups(19),
            // The first layer of many networks, and other kernels.
            Geometry.of(1, 17, 15, 3, 16, Window.of(7, 7).stride(2).padding(3)),
            Geometry.of(1, 14, 14, 3, 64, Window.of(7, 7).stride(2).padding(3)),
            Geometry.of(1, 12, 12, 1, 6, Window.of(5, 5)),
            Geometry.of(1, 6, 9, 11, 13, Window.of(1, 3).padding(0, 1, 0, 1)),
            Geometry.of(1, 9, 6, 11, 13, Window.of(3, 1).padding(1, 0, 1, 0)),
            Geometry.of(1, 6, 6, 4, 3, Window.of(2, 2).stride(2)),
            Geometry.of(1, 7, 7, 16, 31, Window.of(4, 2).padding(1)),
            // Images smaller than the kernel, windows over padding alone, empty results.
            Geometry.of(1, 1, 1, 3, 5, THREE.padding(1)), Geometry.of(1, 2, 1, 16, 17, Window.of(5, 5).padding(2)),
            Geometry.of(1, 2, 2, 64, 64, THREE.padding(1)), Geometry.of(2, 1, 2, 5, 6, Window.of(7, 7).padding(3)),
            Geometry.of(1, 1, 1, 2, 3, THREE.padding(3).stride(2)), Geometry.of(1, 0, 3, 4, 5, THREE.padding(2)),
            Geometry.of(1, 2, 2, 3, 4, THREE), Geometry.of(0, 4, 4, 3, 4, THREE));

    @TestFactory
    Stream<DynamicNode> convolves() {
        List<Conv2dCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.CONV2D) {
            add(types, false, cases);
            add(types, true, cases);
        }
        return ContractSuite.of(Conv2dContractTest.class, cases);
    }

    /**
     * @param featured whether with residuals and functions
     */
    private static void add(TypeCombo types, boolean featured, List<Conv2dCase> cases) {
        int count = GEOMETRIES.size();
        Spread spread = new Spread((featured ? 37 : 31) * types.toString().hashCode(), count);
        List<Integer> srcZeros = spread.of(0, 1, 2, 3);
        List<Integer> dstZeros = spread.of(0, 1, 2, 3);
        List<Boolean> perChannel = spread.of(false, true);
        List<Boolean> permuted = spread.of(false, true);
        List<Draw.WeightZeros> weightZeros = spread.of(Draw.WeightZeros.NONE, Draw.WeightZeros.NONE,
                Draw.WeightZeros.NONE, Draw.WeightZeros.TENSOR, Draw.WeightZeros.CHANNEL);
        List<Bias> biases = spread.of(Bias.values());
        List<Draw.Bounds> bounds = spread.of(Draw.Bounds.values());
        List<Integer> threads = spread.of(1, 1, 1, 1, 3);
        List<Integer> specials = spread.of(0, 0, 0, 2);
        List<Added> residuals = spread.of(Added.NONE, Added.F32, Added.U8, Added.S8, Added.DST, Added.DST);
        List<ActivationFunction> functions = spread.of(ActivationFunction.values());
        for (int i = 0; i < count; i++) {
            Geometry geometry = GEOMETRIES.get(i);
            String id = types + (featured ? "-featured-" : "-") + i;
            Added added = featured ? residuals.get(i).possible(types.dst()) : Added.NONE;
            ActivationFunction function = featured && types.dst() != DataType.S32 ? functions.get(i)
                    : ActivationFunction.IDENTITY;
            Draw draw = new Draw("conv " + id);
            int oc = geometry.oc;
            int k = geometry.ic / geometry.groups * geometry.window.kh() * geometry.window.kw();
            QuantParams srcParams = draw.tensorParams(types.src(), Draw.zeroPoint(types.src(), srcZeros.get(i)));
            QuantParams weightsParams = types.isInteger()
                    ? draw.weightsParams(oc, 0, perChannel.get(i), weightZeros.get(i)) : QuantParams.IDENTITY;
            double size = Draw.spread(types, k, srcParams, weightsParams);
            double shrink = function == ActivationFunction.IDENTITY ? 1 : MatMulSampler.FUNCTION_SPREAD / size;
            size *= shrink;
            if (types.isInteger()) {
                srcParams = QuantParams.perTensor((float) (srcParams.scale() * shrink), srcParams.zeroPoint());
            }
            QuantParams dstParams = draw.dstParams(types.dst(), size, Draw.zeroPoint(types.dst(), dstZeros.get(i)));
            Bias bias = ProductCases.possible(types, biases.get(i));
            Activation clip = ProductCases.possible(types, Draw.activation(bounds.get(i), size));
            Conv2dSpec spec = new Conv2dSpec(types.src(), types.weights(), types.dst(), geometry.ic, oc,
                    geometry.window, geometry.groups, srcParams, weightsParams, dstParams, bias,
                    added.residual(draw, types.dst(), size), new Activation(function, clip.lo(), clip.hi()));
            double[] src = draw.values(types.src(), geometry.src().elements());
            if (!types.isInteger()) {
                src = Arrays.stream(src).map(x -> (float) (x * shrink)).toArray();
                draw.sprinkle(src, specials.get(i));
            }
            double[] weights = draw.values(types.weights(), (long) oc * k);
            double[] biasValues = draw.bias(bias, oc, size);
            double[] residual = Added.values(draw, spec.residual(), spec.dstShape(geometry.src()).elements(), size,
                    specials.get(i));
            cases.add(new Conv2dCase(id, spec, geometry.src(), permuted.get(i), added == Added.DST, src, weights,
                    biasValues, residual, threads.get(i)));
        }
    }
}
