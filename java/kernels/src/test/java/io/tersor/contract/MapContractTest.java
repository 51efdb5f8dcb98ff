package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;

import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Functions of single elements on every backend, against their formulas in binary64. */
@Tag("isa-tiers")
class MapContractTest {
    private static final int[] LENGTHS = {0, 1, 3, 8, 15, 16, 17, 33, 1000, 1031, 5000, 40_000};
    private static final float[][] PARAMETERS = {{1f, 1f}, {0.3f, 0.45f}, {1.6732632f, 1.050701f}, {1.7f, 0.2f}};
    private static final float[] EDGES = {0f, -0f, 1f, -1f, 0.5f, -0.5f, 1.5f, 2.5f, -2.5f, Float.MIN_VALUE,
        -Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, -Float.MAX_VALUE, Float.NaN, Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY, 88.7f, 88.8f, -87.4f, -103.9f, -104.1f, 0.9375f, 0.93750006f, 4f, 20f, -20f, 9.5f,
        8388607.5f, 8388609f, -4194303.5f, 0x1p-30f, -0x1p-30f, 0.70710677f, 0.7071068f, 1.0000001f, 0.99999994f};

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
                MapSpec spec = new MapSpec(function, parameters[0], parameters[1]);
                UnaryCase one = new UnaryCase(id, spec, Shape.of(length), src, expected(spec, src));
                UnaryCase placed = draw.below(2) == 0 ? one : one.overwriting();
                cases.add(length > 10_000 ? placed.on(3) : placed);
            }
        }
        return ContractSuite.of(MapContractTest.class, cases);
    }
}
