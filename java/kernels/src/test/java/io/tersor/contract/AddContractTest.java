package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Add on every backend. */
@Tag("isa-tiers")
class AddContractTest {
    private static final int[] LENGTHS = {0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 129, 1000, 4099, 70_001};

    private record AddCase(String id, AddSpec spec, Shape shape, double[] a, double[] b, double[] values,
            boolean inPlace) implements ContractCase {
        @Override
        public String operands() {
            return "shape " + shape + (inPlace ? ", dst is a" : "");
        }

        @Override
        public int threads() {
            return shape.elements() > 65_536 ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Tensor left = arena.tensor(spec.a(), shape, a);
            Tensor right = arena.tensor(spec.b(), shape, b);
            arena.seal();
            Tensor dst = arena.tensor(spec.dst(), shape);
            if (inPlace) {
                dst.copyFrom(left);
            }
            try (Add kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(inPlace ? dst : left, right, dst);
            }
            double[] tolerances = new double[values.length];
            java.util.Arrays.fill(tolerances, spec.dst() == F32 ? 0 : 1);
            Expected.exactButOnednnWithin(values, tolerances).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> adds() {
        List<ContractCase> cases = new ArrayList<>();
        Activation[] activations = {Activation.NONE, Activation.RELU, Activation.clip(-0.5f, 1.25f)};
        for (int i = 0; i < 3 * LENGTHS.length; i++) {
            int length = LENGTHS[i % LENGTHS.length];
            Activation activation = activations[i / LENGTHS.length];
            cases.add(add(AddSpec.f32(activation), "f32-" + i, Shape.of(length), i % 2 == 0));
            for (DataType a : new DataType[] {U8, S8}) {
                for (DataType b : new DataType[] {U8, S8}) {
                    DataType dst = i % 2 == 0 ? U8 : S8;
                    Draw draw = new Draw("params " + i);
                    AddSpec spec = new AddSpec(a, b, dst, draw.tensorParams(a, Draw.zeroPoint(a, i % 4)),
                            draw.tensorParams(b, Draw.zeroPoint(b, (i + 1) % 4)),
                            draw.tensorParams(dst, Draw.zeroPoint(dst, i / 2 % 4)), activation);
                    cases.add(add(spec, "" + a + b + "-" + i, Shape.of(length), a == dst && i % 3 == 0));
                }
            }
        }
        return ContractSuite.of(AddContractTest.class, cases);
    }

    private static AddCase add(AddSpec spec, String id, Shape shape, boolean inPlace) {
        Draw draw = new Draw("add " + id);
        double[] a = draw.values(spec.a(), shape.elements());
        double[] b = draw.values(spec.b(), shape.elements());
        if (spec.dst() == F32) {
            draw.sprinkle(a, 2);
            draw.sprinkle(b, 2);
        }
        double[] values = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            values[i] = spec.dst() == F32 ? real(spec, (float) a[i], (float) b[i]) : quantized(spec, a[i], b[i]);
        }
        return new AddCase(id, spec, shape, a, b, values, inPlace);
    }

    private static float real(AddSpec spec, float a, float b) {
        float sum = a + b;
        return spec.activation().isNone() ? sum : Levels.clip(sum, spec.activation(), QuantParams.IDENTITY);
    }

    private static double quantized(AddSpec spec, double a, double b) {
        QuantParams dst = spec.dstParams();
        float ma = (float) ((double) spec.aParams().scale() / (double) dst.scale());
        float mb = (float) ((double) spec.bParams().scale() / (double) dst.scale());
        float left = (float) (a - spec.aParams().zeroPoint()) * ma;
        float right = (float) (b - spec.bParams().zeroPoint()) * mb;
        return Levels.of(Levels.clip(left + right, spec.activation(), dst), dst.zeroPoint(), spec.dst(),
                Rounding.HALF_EVEN);
    }
}
