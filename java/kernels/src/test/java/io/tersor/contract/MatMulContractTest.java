package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMulSpec;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** MatMul on every backend, over sampled shapes, layouts, parameters and epilogues. */
@Tag("isa-tiers")
class MatMulContractTest {
    /** m, n, k that sampling does not give: empty ones, a sum over nothing, and some beyond every register block. */
    private static final int[][] FIXED = {{0, 5, 3}, {3, 0, 5}, {3, 5, 0}, {0, 0, 0}, {1, 17, 0}, {67, 131, 257},
        {1, 500, 300}, {150, 70, 300}, {33, 64, 1024}, {2, 3, 2500}};

    private static final int SAMPLED = 60;

    @TestFactory
    Stream<DynamicNode> multiplies() {
        List<MatMulCase> cases = new ArrayList<>();
        for (TypeCombo types : TypeCombo.ALL) {
            add(types, cases);
        }
        return ContractSuite.of(MatMulContractTest.class, cases);
    }

    private static void add(TypeCombo types, List<MatMulCase> cases) {
        int count = SAMPLED + FIXED.length;
        Spread spread = new Spread(types.toString().hashCode(), count);
        List<Integer> ms = spread.of(1, 1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 17, 31, 33, 48, 64);
        List<Integer> ns = spread.of(1, 2, 3, 7, 8, 13, 15, 16, 17, 31, 32, 33, 47, 48, 49, 64, 65, 97);
        List<Integer> ks = spread.of(1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 32, 33, 63, 64, 65, 100, 127, 129, 255, 0);
        List<Integer> srcGaps = spread.of(0, 0, 1, 3, 16);
        List<Integer> dstGaps = spread.of(0, 0, 1, 5, 64);
        List<Integer> ranks = spread.of(2, 2, 2, 3, 4);
        List<MatMulCase.WeightLayout> layouts = spread.of(MatMulCase.WeightLayout.values());
        List<Integer> srcZeros = spread.of(0, 1, 2, 3);
        List<Integer> dstZeros = spread.of(0, 1, 2, 3);
        List<Boolean> perChannel = spread.of(false, true);
        List<Draw.WeightZeros> weightZeros = spread.of(Draw.WeightZeros.NONE, Draw.WeightZeros.NONE,
                Draw.WeightZeros.NONE, Draw.WeightZeros.TENSOR, Draw.WeightZeros.CHANNEL);
        List<Bias> biases = spread.of(Bias.values());
        List<Draw.Bounds> bounds = spread.of(Draw.Bounds.values());
        List<Integer> threads = spread.of(1, 1, 1, 1, 3);
        List<Integer> specials = spread.of(0, 0, 0, 2);
        for (int i = 0; i < count; i++) {
            int[] mnk = i < FIXED.length ? FIXED[i] : new int[] {ms.get(i), ns.get(i), ks.get(i)};
            String id = types + "-" + i;
            Draw draw = new Draw(id);
            int m = mnk[0];
            int n = mnk[1];
            int k = mnk[2];
            Shape srcShape = switch (ranks.get(i)) {
                case 3 -> Shape.of(2, m, k);
                case 4 -> Shape.of(1, m, 3, k);
                default -> Shape.of(m, k);
            };
            QuantParams srcParams = draw.tensorParams(types.src(), Draw.zeroPoint(types.src(), srcZeros.get(i)));
            QuantParams weightsParams = types.isInteger()
                    ? draw.weightsParams(n, 1, perChannel.get(i), weightZeros.get(i)) : QuantParams.IDENTITY;
            double size = Draw.spread(types, k, srcParams, weightsParams);
            QuantParams dstParams = draw.dstParams(types.dst(), size, Draw.zeroPoint(types.dst(), dstZeros.get(i)));
            Bias bias = ProductCases.possible(types, biases.get(i));
            Activation activation = ProductCases.possible(types, Draw.activation(bounds.get(i), size));
            double[] src = draw.values(types.src(), srcShape.elements());
            double[] weights = draw.values(types.weights(), (long) k * n);
            if (!types.isInteger()) {
                draw.sprinkle(src, specials.get(i));
                draw.sprinkle(weights, specials.get(i));
            }
            MatMulSpec spec = new MatMulSpec(types.src(), types.weights(), types.dst(), k, n, srcParams, weightsParams,
                    dstParams, bias, activation);
            cases.add(new MatMulCase(id, spec, new MatMulCase.Layout(srcShape, srcGaps.get(i), dstGaps.get(i),
                    layouts.get(i)), src, weights, draw.bias(bias, n, size), threads.get(i)));
        }
    }
}
