package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Draws the multiplications of one combination of types: layouts, parameters and epilogues spread evenly over them. */
final class MatMulSampler {
    /** The functions bend where the results are about so far from 0. */
    static final double FUNCTION_SPREAD = 3;

    private final TypeCombo types;
    private final String group;
    private final List<Integer> srcGaps;
    private final List<Integer> dstGaps;
    private final List<Integer> ranks;
    private final List<MatMulCase.WeightLayout> layouts;
    private final List<Integer> srcZeros;
    private final List<Integer> dstZeros;
    private final List<Boolean> perChannel;
    private final List<Draw.WeightZeros> weightZeros;
    private final List<Bias> biases;
    private final List<Draw.Bounds> bounds;
    private final List<Integer> threads;
    private final List<Integer> specials;
    private final List<Added> residuals;
    private final List<Integer> residualGaps;
    private final List<ActivationFunction> functions;
    private final List<Integer> batches;
    private final List<Boolean> transposed;
    private final List<Long> rows;

    /**
     * @param kind what tells these cases from others of the same types, or empty
     * @param spread draws one value of each dimension for every case
     */
    MatMulSampler(TypeCombo types, String kind, Spread spread) {
        this(types, kind, spread, false);
    }

    /**
     * @param symmetric whether weights have no zero points and everything is finite, as sparse weights ask for
     */
    MatMulSampler(TypeCombo types, String kind, Spread spread, boolean symmetric) {
        this.types = types;
        this.group = types + kind;
        this.srcGaps = spread.of(0, 0, 1, 3, 16);
        this.dstGaps = spread.of(0, 0, 1, 5, 64);
        this.ranks = spread.of(2, 2, 2, 3, 4);
        this.layouts = spread.of(MatMulCase.WeightLayout.values());
        this.srcZeros = spread.of(0, 1, 2, 3);
        this.dstZeros = spread.of(0, 1, 2, 3);
        this.perChannel = spread.of(false, true);
        this.weightZeros = symmetric ? spread.of(Draw.WeightZeros.NONE) : spread.of(Draw.WeightZeros.NONE,
                Draw.WeightZeros.NONE, Draw.WeightZeros.NONE, Draw.WeightZeros.TENSOR, Draw.WeightZeros.CHANNEL);
        this.biases = spread.of(Bias.values());
        this.bounds = spread.of(Draw.Bounds.values());
        this.threads = spread.of(1, 1, 1, 1, 3);
        this.specials = symmetric ? spread.of(0) : spread.of(0, 0, 0, 2);
        this.residuals = spread.of(Added.NONE, Added.F32, Added.U8, Added.S8, Added.DST, Added.DST);
        this.residualGaps = spread.of(0, 0, 2, 7);
        this.functions = spread.of(ActivationFunction.values());
        this.batches = spread.of(1, 1, 1, 1, 3, 2);
        this.transposed = spread.of(false, true);
        this.rows = spread.of(PrepareOptions.DEFAULT_ROWS, 1L, 1000L);
    }

    /** Returns a case of what every backend can. */
    MatMulCase plain(int i, int m, int n, int k) {
        Shape srcShape = switch (ranks.get(i)) {
            case 3 -> Shape.of(2, m, k);
            case 4 -> Shape.of(1, m, 3, k);
            default -> Shape.of(m, k);
        };
        return plain(i, srcShape, n, threads.get(i));
    }

    /** Returns such a case of one matrix on so many threads. */
    MatMulCase plain(int i, int m, int n, int k, int threadCount) {
        return plain(i, Shape.of(m, k), n, threadCount);
    }

    private MatMulCase plain(int i, Shape srcShape, int n, int threadCount) {
        MatMulCase.Layout layout = MatMulCase.Layout.of(srcShape, srcGaps.get(i), dstGaps.get(i), layouts.get(i));
        return draw(i, n, layout, ActivationFunction.IDENTITY, Added.NONE, 1,
                new MatMulCase.Run(threadCount, PrepareOptions.DEFAULT_ROWS));
    }

    /** Returns a case of everything there is, its rows all in one matrix unless there is a batch. */
    MatMulCase featured(int i, int m, int n, int k) {
        int batch = batches.get(i);
        Shape srcShape = batch == 1 ? Shape.of(m, k)
                : ranks.get(i) == 4 ? Shape.of(batch, 2, m, k) : Shape.of(batch, m, k);
        return featured(i, srcShape, n, batch, threads.get(i));
    }

    /** Returns such a case of one matrix on so many threads. */
    MatMulCase featured(int i, int m, int n, int k, int threadCount) {
        return featured(i, Shape.of(m, k), n, 1, threadCount);
    }

    private MatMulCase featured(int i, Shape srcShape, int n, int batch, int threadCount) {
        boolean integers = types.dst() == DataType.S32;
        Added added = residuals.get(i).possible(types.dst());
        boolean inPlace = added == Added.DST;
        // A matrix of one row or column counts as one of rows.
        boolean columns = batch == 1 && transposed.get(i) && srcShape.dim(0) > 1 && srcShape.dim(1) > 1;
        MatMulCase.Layout layout = new MatMulCase.Layout(srcShape, srcGaps.get(i), columns,
                added == Added.NONE || inPlace ? 0 : residualGaps.get(i), inPlace, dstGaps.get(i), layouts.get(i));
        return draw(i, n, layout, integers ? ActivationFunction.IDENTITY : functions.get(i), added, batch,
                new MatMulCase.Run(threadCount, rows.get(i)));
    }

    private MatMulCase draw(int i, int n, MatMulCase.Layout layout, ActivationFunction function, Added added, int batch,
            MatMulCase.Run run) {
        String id = group + "-" + i;
        Draw draw = new Draw(id);
        int k = (int) layout.srcShape().dim(-1);
        QuantParams srcParams = draw.tensorParams(types.src(), Draw.zeroPoint(types.src(), srcZeros.get(i)));
        QuantParams weightsParams = types.sumsIntegers()
                ? draw.weightsParams(n, 1, perChannel.get(i), weightZeros.get(i)) : QuantParams.IDENTITY;
        double size = Draw.spread(types, k, srcParams, weightsParams);
        double shrink = function == ActivationFunction.IDENTITY ? 1 : FUNCTION_SPREAD / size;
        size *= shrink;
        if (types.isInteger()) {
            srcParams = QuantParams.perTensor((float) (srcParams.scale() * shrink), srcParams.zeroPoint());
        }
        QuantParams dstParams = draw.dstParams(types.dst(), size, Draw.zeroPoint(types.dst(), dstZeros.get(i)));
        Bias bias = ProductCases.possible(types, biases.get(i));
        Activation clip = ProductCases.possible(types, Draw.activation(bounds.get(i), size));
        double[] src = draw.values(types.src(), layout.srcShape().elements());
        if (!types.isInteger()) {
            src = Arrays.stream(src).map(x -> round(types.src(), x * shrink)).toArray();
        }
        double[] weights = draw.values(types.weights(), (long) batch * k * n);
        if (types.weights().isFloating()) {
            draw.sprinkle(src, specials.get(i));
            draw.sprinkle(weights, specials.get(i));
        } else if (types.src().isFloating()) {
            draw.unusualRows(src, k);
            draw.sprinkle(src, specials.get(i));
        }
        double[] biasValues = draw.bias(bias, n, size);
        Optional<Residual> residual = added.residual(draw, types.dst(), size);
        double[] residualValues = Added.values(draw, residual, layout.srcShape().with(-1, n).elements(), size,
                specials.get(i));
        MatMulSpec spec = new MatMulSpec(types.src(), types.weights(), types.dst(), k, n, srcParams, weightsParams,
                dstParams, bias, residual, new Activation(function, clip.lo(), clip.hi()), batch);
        return new MatMulCase(id, spec, layout, new MatMulCase.Values(src, weights, biasValues, residualValues), run);
    }

    private static double round(DataType type, double x) {
        return type == DataType.BF16 ? Levels.bf16(x) : (float) x;
    }
}
