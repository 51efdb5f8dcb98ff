package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Unary;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Functions of single elements on every backend, against their formulas in binary64. */
@Tag("isa-tiers")
class MapContractTest {
    private static final int[] LENGTHS = {0, 1, 3, 8, 15, 16, 17, 33, 1000, 1031, 5000, 40_000};
    private static final float[][] PARAMETERS = {{1f, 1f}, {0.3f, 0.45f}, {1.6732632f, 1.050701f}, {1.7f, 0.2f}};
    private static final float[] EXPONENTS = {2f, 3f, 4f, 1f, 0.5f, -0.5f, -1f, -2f, 0f, -0f, 0.3f, 1.7f, -2.5f, 7f,
        -3f, 0x1p23f, -0x1.000002p23f, 0x1p24f, 1e-20f, 1e10f, Float.NaN, Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY};
    private static final float[] EDGES = {0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, Float.MIN_VALUE,
        -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE, Float.NaN, Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY, 88.7f, 88.8f, -87.4f, -103.9f, -104.1f, 0.9375f, 0.93750006f, 4f, 20f, -20f, 9.5f,
        8388607.5f, 8388609f, -4194303.5f, 0x1p-30f, -0x1p-30f, 0.70710677f, 0.7071068f, 1.0000001f, 0.99999994f,
        0.78539819f, 1.5707964f, -1.5707963f, 3.1415927f, 6.2831855f, 11f, 32768f, -32768.004f, 102943.7f, 89.2f,
        -89.4f,
        0.50000006f, 0x1p-14f, -0x1p-13f, 0x1p-74f, 1e19f, 1.3e-20f};

    private static float draw(Draw draw, int kind) {
        return switch (kind) {
            case 0 -> (float) draw.values(F32, 1)[0];
            case 1 -> (float) (20 * draw.values(F32, 1)[0]);
            case 2 -> EDGES[draw.below(EDGES.length)];
            default -> Float.intBitsToFloat(draw.below(Integer.MAX_VALUE) ^ draw.below(2) << 31);
        };
    }

    private static Expected expected(MapSpec spec, double[] src) {
        double[] values = new double[src.length];
        double[] tolerances = new double[src.length];
        for (int i = 0; i < src.length; i++) {
            double exact = spec.function().apply(src[i], spec.alpha(), spec.beta());
            values[i] = (float) exact;
            tolerances[i] = Double.isFinite(values[i]) ? spec.function().maxError(src[i], exact)
                    + Math.abs(values[i] - exact) : 0;
        }
        return Expected.within(values, tolerances);
    }

    @TestFactory
    Stream<DynamicNode> powers() {
        List<ContractCase> cases = new ArrayList<>();
        for (float exponent : EXPONENTS) {
            String id = "pow-" + cases.size();
            Draw draw = new Draw(id);
            double[] src = new double[700];
            for (int i = 0; i < src.length; i++) {
                src[i] = i < EDGES.length ? EDGES[i] : draw(draw, 3 * draw.below(2));
            }
            MapSpec spec = new MapSpec(MapFunction.POW, exponent, 0f);
            cases.add(new UnaryCase(id, spec, Shape.of(src.length), src, expected(spec, src)));
        }
        return ContractSuite.of(MapContractTest.class, cases);
    }

    /** What is no number's limit: IEEE 754's and C's powers, which Java's are not all. */
    @Test
    void powersOfOne() {
        for (double y : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 0}) {
            assertEquals(1, MapFunction.power(1, y));
        }
        assertEquals(1, MapFunction.power(-1, Double.POSITIVE_INFINITY));
        assertEquals(1, MapFunction.power(Double.NaN, 0));
        assertEquals(Double.NaN, MapFunction.power(-1, 0.5));
        assertEquals(-8, MapFunction.power(-2, 3));
    }

    /** A zero's sign, which no tolerance sees. */
    @Test
    void zerosHaveTheirSigns() {
        float[] src = {0f, -0f, -0f, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, -1e-30f, 1f};
        for (MapFunction function : List.of(MapFunction.SIGN, MapFunction.SIN, MapFunction.TAN, MapFunction.ASIN,
                MapFunction.ACOS, MapFunction.ATAN, MapFunction.SINH, MapFunction.POW, MapFunction.ABS, MapFunction.NEG)) {
            for (float exponent : EXPONENTS) {
                for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR, Backend.NATIVE)) {
                    MapSpec spec = new MapSpec(function, exponent, 0f);
                    if (KernelRegistry.standard().refusal(backend, spec).isPresent()) {
                        continue;
                    }
                    try (Arena arena = Arena.ofConfined(); Unary kernel = KernelRegistry.standard().prepare(spec,
                            PrepareOptions.DEFAULT.on(backend))) {
                        Tensor dst = Tensor.allocate(arena, F32, Shape.of(src.length));
                        kernel.run(Tensor.ofFloats(arena, Shape.of(src.length), src), dst);
                        for (int i = 0; i < src.length; i++) {
                            float exact = (float) spec.apply(src[i]);
                            if (exact == 0 || Float.isInfinite(exact)) {
                                assertEquals(exact, (float) dst.get(i), spec + " of " + src[i] + " by " + backend);
                            }
                        }
                    }
                }
            }
        }
    }

    @TestFactory
    Stream<DynamicNode> functions() {
        List<ContractCase> cases = new ArrayList<>();
        for (MapFunction function : MapFunction.values()) {
            for (int length : LENGTHS) {
                String id = "map-" + cases.size();
                Draw draw = new Draw(id);
                float[] parameters = PARAMETERS[draw.below(PARAMETERS.length)];
                double[] src = new double[length];
                for (int i = 0; i < length; i++) {
                    src[i] = draw(draw, draw.below(4));
                }
                float alpha = function == MapFunction.POW ? EXPONENTS[draw.below(EXPONENTS.length)] : parameters[0];
                MapSpec spec = new MapSpec(function, alpha, parameters[1]);
                UnaryCase one = new UnaryCase(id, spec, Shape.of(length), src, expected(spec, src));
                UnaryCase placed = draw.below(2) == 0 ? one : one.overwriting();
                cases.add(length > 10_000 ? placed.on(3) : placed);
            }
        }
        return ContractSuite.of(MapContractTest.class, cases);
    }
}
