package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.Window;
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

/** Max, average and global average pooling on every backend. */
@Tag("isa-tiers")
class PoolContractTest {
    private record Geometry(Shape src, Window window, boolean ceilMode) {}

    private static final List<Geometry> GEOMETRIES = List.of(
            new Geometry(Shape.of(1, 4, 4, 3), Window.of(2, 2).stride(2), false),
            new Geometry(Shape.of(2, 7, 5, 16), Window.of(3, 3).stride(2).padding(1), false),
            new Geometry(Shape.of(1, 7, 7, 33), Window.of(3, 3).stride(2).padding(1), true),
            new Geometry(Shape.of(1, 6, 6, 5), Window.of(2, 2).stride(3), true),
            new Geometry(Shape.of(1, 5, 9, 1), Window.of(3, 2).padding(0, 1, 2, 0), false),
            new Geometry(Shape.of(1, 9, 9, 4), Window.of(3, 3).dilation(2, 2).padding(1), false),
            new Geometry(Shape.of(1, 8, 8, 7), Window.of(3, 3).dilation(2, 1).stride(2).padding(2), true),
            new Geometry(Shape.of(1, 3, 3, 64), Window.of(1, 1), false),
            new Geometry(Shape.of(2, 9, 8, 130), Window.of(3, 3).stride(2).padding(1), false),
            new Geometry(Shape.of(1, 2, 2, 3), Window.of(2, 2).padding(3), false),
            new Geometry(Shape.of(1, 1, 1, 17), Window.of(3, 3).padding(1), false),
            new Geometry(Shape.of(1, 2, 2, 3), Window.of(3, 3), false),
            new Geometry(Shape.of(0, 4, 4, 3), Window.of(2, 2), false));

    @TestFactory
    Stream<DynamicNode> pools() {
        List<ContractCase> cases = new ArrayList<>();
        for (Pool2dSpec.Kind kind : Pool2dSpec.Kind.values()) {
            for (DataType type : new DataType[] {F32, U8, S8}) {
                for (Geometry geometry : GEOMETRIES) {
                    String id = kind.name().toLowerCase(java.util.Locale.ROOT) + "_" + type + "-" + cases.size();
                    Draw draw = new Draw(id);
                    QuantParams src = draw.tensorParams(type, Draw.zeroPoint(type, draw.below(4)));
                    QuantParams dst = kind == Pool2dSpec.Kind.MAX ? src
                            : draw.tensorParams(type, Draw.zeroPoint(type, draw.below(4)));
                    Pool2dSpec spec = new Pool2dSpec(kind, type, geometry.window, geometry.ceilMode, src, dst);
                    double[] values = draw.values(type, geometry.src.elements());
                    cases.add(new UnaryCase(id, spec, geometry.src, values, expected(spec, geometry.src, values))
                            .on(cases.size() % 3 == 0 ? 3 : 1));
                }
            }
        }
        return ContractSuite.of(PoolContractTest.class, cases);
    }

    @TestFactory
    Stream<DynamicNode> poolsGlobally() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {F32, U8, S8}) {
            for (Shape shape : List.of(Shape.of(1, 1, 1, 1), Shape.of(2, 7, 7, 64), Shape.of(1, 3, 5, 33),
                    Shape.of(3, 8, 8, 10), Shape.of(1, 0, 4, 5), Shape.of(1, 4, 4, 0), Shape.of(1, 56, 56, 3))) {
                String id = "global_" + type + "-" + cases.size();
                Draw draw = new Draw(id);
                QuantParams src = draw.tensorParams(type, Draw.zeroPoint(type, draw.below(4)));
                QuantParams dst = draw.tensorParams(type, Draw.zeroPoint(type, draw.below(4)));
                // One window over the whole image says the same.
                Pool2dSpec window = new Pool2dSpec(Pool2dSpec.Kind.AVERAGE, type,
                        Window.of((int) Math.max(1, shape.dim(1)), (int) Math.max(1, shape.dim(2)))
                                .padding(0, 0, shape.dim(1) == 0 ? 1 : 0, 0), false, src, dst);
                double[] values = draw.values(type, shape.elements());
                cases.add(new UnaryCase(id, new GlobalAveragePoolSpec(type, src, dst), shape, values,
                        expected(window, shape, values)));
            }
        }
        return ContractSuite.of(PoolContractTest.class, cases);
    }

    private static Expected expected(Pool2dSpec spec, Shape src, double[] values) {
        Shape dst = spec.dstShape(src);
        double[] results = new double[(int) dst.elements()];
        double[] tolerances = new double[results.length];
        int channels = (int) src.dim(3);
        for (int i = 0; i < results.length; i++) {
            int pixel = i / channels;
            int x = pixel % (int) dst.dim(2);
            int y = pixel / (int) dst.dim(2) % (int) dst.dim(1);
            int image = pixel / (int) (dst.dim(1) * dst.dim(2));
            pool(spec, src, values, new int[] {image, y, x, i % channels}, results, tolerances, i);
        }
        return spec.type() == F32 ? Expected.within(results, tolerances)
                : Expected.exactButOnednnWithin(results, tolerances);
    }

    private static void pool(Pool2dSpec spec, Shape src, double[] values, int[] at, double[] results,
            double[] tolerances, int i) {
        Window window = spec.window();
        List<Double> pixels = new ArrayList<>();
        int padded = 0;
        for (int ky = 0; ky < window.kh(); ky++) {
            for (int kx = 0; kx < window.kw(); kx++) {
                long row = (long) at[1] * window.strideH() - window.padTop() + (long) ky * window.dilationH();
                long column = (long) at[2] * window.strideW() - window.padLeft() + (long) kx * window.dilationW();
                if (row < src.dim(1) + window.padBottom() && column < src.dim(2) + window.padRight()) {
                    padded++;
                }
                if (row >= 0 && row < src.dim(1) && column >= 0 && column < src.dim(2)) {
                    pixels.add(values[(int) (((at[0] * src.dim(1) + row) * src.dim(2) + column) * src.dim(3)) + at[3]]);
                }
            }
        }
        if (spec.kind() == Pool2dSpec.Kind.MAX) {
            double lowest = spec.type() == F32 ? Double.NEGATIVE_INFINITY : spec.type().min();
            results[i] = pixels.stream().mapToDouble(Double::doubleValue).max().orElse(lowest);
            return;
        }
        int count = spec.kind() == Pool2dSpec.Kind.AVERAGE ? pixels.size() : padded;
        double sum = pixels.stream().mapToDouble(Double::doubleValue).sum();
        if (spec.type() == F32) {
            double magnitude = pixels.stream().mapToDouble(Math::abs).sum();
            results[i] = count == 0 ? 0 : sum / count;
            tolerances[i] = count == 0 ? 0 : (count + 1) * 0x1p-23 * magnitude / count;
            return;
        }
        float multiplier = (float) ((double) spec.srcParams().scale() / (double) spec.dstParams().scale());
        float scaled = (float) (sum - pixels.size() * (double) spec.srcParams().zeroPoint()) * multiplier;
        float r = count == 0 ? 0 : scaled / (float) count;
        results[i] = Levels.of(r, spec.dstParams().zeroPoint(), spec.type(), Rounding.HALF_EVEN);
        Arrays.fill(tolerances, 1);
    }
}
