package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Products of bytes with broadcasting on every backend, bit for bit. */
@Tag("isa-tiers")
class ByteProductContractTest {
    private static final DataType[] BYTES = {U8, S8};
    private static final float[] DST_SCALES = {0.02f, 1e-9f};

    private record ByteCase(String id, BinarySpec spec, Shape[] shapes, double[] a, double[] b, boolean inPlace)
            implements ContractCase {
        @Override
        public String operands() {
            return shapes[0] + " and " + shapes[1] + (inPlace ? ", dst is a" : "");
        }

        @Override
        public int threads() {
            return shapes[2].elements() > 40_000 ? 3 : 1;
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            Tensor left = arena.tensor(spec.a(), shapes[0], a);
            Tensor right = arena.tensor(spec.b(), shapes[1], b);
            if (!inPlace) {
                arena.seal();
            }
            Tensor dst = inPlace ? left : arena.tensor(spec.dst(), shapes[2]);
            try (Binary kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                kernel.run(left, right, dst);
            }
            float multiplier = (float) ((double) spec.aParams().scale() * spec.bParams().scale()
                    / spec.dstParams().scale());
            double[] values = new double[(int) shapes[2].elements()];
            for (int i = 0; i < values.length; i++) {
                float x = (float) a[BinaryContractTest.index(shapes[0], shapes[2], i)] - spec.aParams().zeroPoint();
                float y = (float) b[BinaryContractTest.index(shapes[1], shapes[2], i)] - spec.bParams().zeroPoint();
                double rounded = Math.rint(x * (y * multiplier)) + spec.dstParams().zeroPoint();
                values[i] = Math.clamp(rounded, spec.dst().min(), spec.dst().max());
            }
            Expected.exact(values).check(dst, candidate.backend());
        }
    }

    @TestFactory
    Stream<DynamicNode> products() {
        List<ContractCase> cases = new ArrayList<>();
        for (Shape[] shapes : BinaryContractTest.SHAPES) {
            for (int types = 0; types < 8; types++) {
                String id = "multiply-" + cases.size();
                Draw draw = new Draw(id);
                BinarySpec spec = spec(BYTES[types & 1], BYTES[types >> 1 & 1], BYTES[types >> 2],
                        DST_SCALES[draw.below(2)]);
                cases.add(new ByteCase(id, spec, shapes, draw.values(spec.a(), shapes[0].elements()),
                        draw.values(spec.b(), shapes[1].elements()),
                        shapes[0].equals(shapes[2]) && spec.a() == spec.dst() && draw.below(2) == 0));
            }
        }
        return ContractSuite.of(ByteProductContractTest.class, cases);
    }

    private static BinarySpec spec(DataType a, DataType b, DataType dst, float dstScale) {
        return new BinarySpec(BinarySpec.Operation.MUL, a, b, dst,
                QuantParams.perTensor(0.03f, a == U8 ? 131 : -9), QuantParams.perTensor(0.01f, b == U8 ? 3 : 17),
                QuantParams.perTensor(dstScale, dst == U8 ? 90 : -2));
    }

    @Test
    void otherCombinationsAreRefused() {
        QuantParams params = QuantParams.perTensor(1, 0);
        assertThrows(OperandException.class,
                () -> new BinarySpec(BinarySpec.Operation.DIV, U8, U8, U8, params, params, params));
        assertThrows(OperandException.class,
                () -> new BinarySpec(BinarySpec.Operation.MUL, U8, F32, U8, params, params, params));
        assertThrows(OperandException.class, () -> new BinarySpec(BinarySpec.Operation.MUL, U8, U8, U8,
                QuantParams.perChannel(0, new float[] {1, 1}), params, params));
    }
}
