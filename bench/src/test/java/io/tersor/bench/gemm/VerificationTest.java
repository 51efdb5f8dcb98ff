package io.tersor.bench.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.RandomValues;
import io.tersor.bench.product.Verification;
import io.tersor.bench.product.WeightStorage;
import io.tersor.bench.product.WeightZeros;
import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A wrong result is found, a right one is not refused; the scalar backend is the right one here. */
class VerificationTest {
    private static final GemmShape SMALL = new GemmShape(5, 67, 9);
    /** More than is checked element by element. */
    private static final GemmShape LARGE = new GemmShape(70, 601, 500);

    /** Counts its runs and then returns what it was given. */
    private static final class Fake implements ProductContender {
        private final Tensor result;
        private final byte value;
        private boolean closed;

        private Fake(Tensor result, byte value) {
            this.result = result;
            this.value = value;
        }

        @Override
        public String name() {
            return "fake";
        }

        @Override
        public String kernel() {
            return "fake/constant";
        }

        @Override
        public String isa() {
            return "none";
        }

        @Override
        public boolean isSlowToCompile() {
            return false;
        }

        @Override
        public WeightStorage storage() {
            return WeightStorage.dense(result, 1);
        }

        @Override
        public long time(int runs) {
            result.data().fill(value);
            return 1;
        }

        @Override
        public Tensor result() {
            return result;
        }

        @Override
        public void close() {
            closed = true;
        }
    }

    @ParameterizedTest
    @EnumSource(ProductTypes.class)
    void everyWrongElementOfASmallResultIsFound(ProductTypes types) {
        try (Arena arena = Arena.ofConfined()) {
            Operands operands = Operands.random(arena, SMALL, types, RandomValues.Range.FULL);
            Tensor dst = run(arena, operands);
            Reference reference = new Reference(operands);
            reference.check(dst, "scalar");
            for (long i = 0; i < dst.shape().elements(); i++) {
                assertFound(reference, dst, i);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = ProductTypes.class, names = {"U8S8U8", "U8S8S32", "F32F32F32"})
    void theEdgesOfALargeResultAreChecked(ProductTypes types) {
        try (Arena arena = Arena.ofConfined()) {
            Operands operands = Operands.random(arena, LARGE, types, RandomValues.Range.HALF);
            Tensor dst = run(arena, operands);
            Reference reference = new Reference(operands);
            reference.check(dst, "scalar");
            for (int j = 0; j < LARGE.n(); j += 99) {
                assertFound(reference, dst, j);
                assertFound(reference, dst, (long) (LARGE.m() - 1) * LARGE.n() + j);
            }
            for (int i = 0; i < LARGE.m(); i += 9) {
                assertFound(reference, dst, (long) i * LARGE.n());
                assertFound(reference, dst, (long) (i + 1) * LARGE.n() - 1);
            }
        }
    }

    private static Tensor run(Arena arena, Operands operands) {
        Tensor dst = operands.newDst(arena);
        try (MatMul scalar = operands.builder().prepare(Backend.SCALAR)) {
            scalar.run(operands.src(), dst);
        }
        return dst;
    }

    /** Changes an element by as little as must be found. */
    private static void assertFound(Reference reference, Tensor dst, long index) {
        double right = dst.get(index);
        DataType type = dst.type();
        double wrong = type == DataType.F32 ? right + 0.01 : type == DataType.BF16 ? right * 1.02 + 0.02
                : right == type.max() ? right - 1 : right + 1;
        if (type == DataType.S8 || type == DataType.U8) {
            // A result at a tie may go either way; two steps are always wrong.
            wrong = right >= type.max() - 1 ? right - 2 : right + 2;
        }
        dst.set(index, wrong);
        String message = assertThrows(VerificationException.class, () -> reference.check(dst, "who")).getMessage();
        assertTrue(message.contains("who"), message);
        dst.set(index, right);
        reference.check(dst, "restored");
    }

    @Test
    void aWrongContenderIsClosedAndNotTimed() {
        try (Arena arena = Arena.ofConfined()) {
            Operands operands = Operands.random(arena, SMALL, ProductTypes.U8S8U8, RandomValues.Range.FULL);
            Fake fake = new Fake(operands.newDst(arena), (byte) 1);
            String message = assertThrows(VerificationException.class,
                    () -> Verification.verified(fake, new Reference(operands)::check)).getMessage();
            assertTrue(message.contains("fake/constant") && message.contains("5x67x9 u8s8u8"), message);
            assertTrue(fake.closed);
        }
    }

    @Test
    void resultsThatMustBeTheSameMayNotDifferInOneBit() {
        try (Arena arena = Arena.ofConfined()) {
            Operands operands = Operands.random(arena, SMALL, ProductTypes.U8S8F32, RandomValues.Range.FULL);
            Tensor expected = run(arena, operands);
            Tensor dst = expected.copy(arena);
            Verification.Check check = Verification.identical(expected, "scalar/kernel");
            check.check(dst, "who");
            for (long i = 0; i < dst.shape().elements(); i += 7) {
                double right = dst.get(i);
                dst.set(i, Math.nextUp((float) right));
                String message = assertThrows(VerificationException.class, () -> check.check(dst, "who")).getMessage();
                assertTrue(message.contains("who: element " + i + " of") && message.contains("scalar/kernel"), message);
                dst.set(i, right);
            }
            check.check(dst, "who");
        }
    }

    @Test
    void rightContendersAreKept() {
        try (MatMulWorkload workload = new MatMulWorkload(SMALL, ProductTypes.S8S8S8, WeightZeros.NONE);
                ProductContender contender = workload.prepare(PrepareOptions.DEFAULT.on(Backend.SCALAR), 3)) {
            assertEquals("scalar", contender.name());
            assertEquals(3, contender.storage().copies());
            assertFalse(contender.isSlowToCompile());
            assertTrue(contender.time(2) > 0);
        }
    }
}
