package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Activations and softmax on every backend. */
@Tag("isa-tiers")
class ActivationContractTest {
    private static final int[] LENGTHS = {0, 1, 3, 8, 15, 16, 17, 33, 64, 65, 1000};

    @TestFactory
    Stream<DynamicNode> clips() {
        List<ContractCase> cases = new ArrayList<>();
        Activation[] activations = {Activation.NONE, Activation.RELU, Activation.RELU6, Activation.clip(-0.3f, 0.45f)};
        for (DataType type : new DataType[] {F32, U8, S8}) {
            for (Activation activation : activations) {
                for (int length : LENGTHS) {
                    String id = "activation_" + type + "-" + cases.size();
                    Draw draw = new Draw(id);
                    QuantParams params = draw.tensorParams(type, Draw.zeroPoint(type, draw.below(4)));
                    double[] src = draw.values(type, length);
                    if (type == F32) {
                        draw.sprinkle(src, 3);
                    }
                    double[] values = Arrays.stream(src).map(x -> clip(type, params, activation, x)).toArray();
                    UnaryCase one = new UnaryCase(id, new ActivationSpec(type, params, activation), Shape.of(length),
                            src, Expected.exact(values));
                    cases.add(draw.below(2) == 0 ? one : one.overwriting());
                }
            }
        }
        return ContractSuite.of(ActivationContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> functions() {
        List<ContractCase> cases = new ArrayList<>();
        for (ActivationFunction function : ActivationFunction.values()) {
            for (Activation activation : List.of(Activation.of(function), new Activation(function, -0.1f, 2f))) {
                for (int length : LENGTHS) {
                    String id = "function-" + cases.size();
                    Draw draw = new Draw(id);
                    double[] src = Arrays.stream(draw.values(F32, length)).map(x -> (float) (x * 4)).toArray();
                    draw.sprinkle(src, 3);
                    double[] values = Arrays.stream(src).map(x -> function.apply((float) x))
                            .map(y -> activation.isBounded()
                                    ? Levels.clip((float) y, activation, QuantParams.IDENTITY) : y)
                            .toArray();
                    UnaryCase one = new UnaryCase(id, new ActivationSpec(F32, QuantParams.IDENTITY, activation),
                            Shape.of(length), src, Expected.exact(values));
                    cases.add(draw.below(2) == 0 ? one : one.overwriting());
                }
            }
        }
        return ContractSuite.of(ActivationContractTest.class, cases);
    }

    private static double clip(DataType type, QuantParams params, Activation activation, double x) {
        if (activation.isNone()) {
            return x;
        }
        if (type == F32) {
            return Levels.clip((float) x, activation, params);
        }
        float r = Levels.clip((float) (x - params.zeroPoint()), activation, params);
        return Levels.of(r, params.zeroPoint(), type, Rounding.HALF_EVEN);
    }

    @TestFactory
    Stream<DynamicNode> softmax() {
        List<ContractCase> cases = new ArrayList<>();
        List<Shape> shapes = List.of(Shape.of(1), Shape.of(10), Shape.of(3, 17), Shape.of(5, 1), Shape.of(2, 3, 33),
                Shape.of(4, 1000), Shape.of(0, 7), Shape.of(7, 0), Shape.of(67, 301));
        for (int size : new int[] {1, 50, 2000}) {
            for (Shape shape : shapes) {
                String id = "softmax-" + cases.size();
                Draw draw = new Draw(id);
                double[] src = Arrays.stream(draw.values(F32, shape.elements())).map(x -> (float) (x * size)).toArray();
                cases.add(softmax(id, shape, src, draw.below(2) == 0, false));
                cases.add(softmax(id + "-log", shape, src, draw.below(2) == 0, true));
            }
        }
        double inf = Double.POSITIVE_INFINITY;
        for (double[] row : new double[][] {{1, Double.NaN, 2}, {1, inf, 2}, {1, -inf, 2}, {-inf, -inf, -inf},
            {3e38f, -3e38f, 3e38f}, {inf, inf, Double.NaN}}) {
            cases.add(softmax("softmax-" + cases.size(), Shape.of(1, 3), row, false, false));
            cases.add(softmax("softmax-" + cases.size(), Shape.of(1, 3), row, false, true));
        }
        return ContractSuite.of(ActivationContractTest.class, cases);
    }

    private static UnaryCase softmax(String id, Shape shape, double[] src, boolean inPlace, boolean logarithm) {
        double[] values = new double[src.length];
        double[] tolerances = new double[src.length];
        int columns = (int) shape.dim(-1);
        for (int row = 0; row < src.length; row += columns) {
            double max = Arrays.stream(src, row, row + columns).max().orElseThrow();
            double sum = Arrays.stream(src, row, row + columns).map(x -> Math.exp(x - max)).sum();
            for (int i = row; i < row + columns; i++) {
                values[i] = Math.exp(src[i] - max) / sum;
                tolerances[i] = values[i] * 0x1p-20 + Float.MIN_NORMAL;
                if (logarithm) {
                    values[i] = (float) (src[i] - max - Math.log(sum));
                    tolerances[i] = (Math.abs(values[i]) + 1) * 0x1p-20;
                }
            }
        }
        UnaryCase one = new UnaryCase(id, new SoftmaxSpec(logarithm), shape, src, Expected.within(values, tolerances));
        UnaryCase shared = shape.elements() > 10_000 ? one.on(3) : one;
        return inPlace ? shared.overwriting() : shared;
    }
}
