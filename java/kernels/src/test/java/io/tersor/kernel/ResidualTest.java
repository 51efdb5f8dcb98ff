package io.tersor.kernel;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Residuals, batches and transposed sources: what specs and runs refuse. */
class ResidualTest {
    private static final QuantParams ONE = QuantParams.IDENTITY;

    private static void refused(String operand, Runnable wrong) {
        OperandException failure = assertThrows(OperandException.class, wrong::run);
        assertEquals(operand, failure.operand(), failure.getMessage());
    }

    private static MatMulSpec spec(DataType src, DataType weights, DataType dst, Residual residual, int batch) {
        return new MatMulSpec(src, weights, dst, 4, 3, ONE, ONE, ONE, Bias.NONE, Optional.of(residual),
                Activation.NONE, batch);
    }

    @Test
    void parametersMustFit() {
        refused("residual", () -> new Residual(BF16, ONE));
        refused("residual", () -> new Residual(S32, ONE));
        refused("residual params", () -> new Residual(F32, QuantParams.perTensor(2, 0)));
        refused("residual params", () -> new Residual(U8, QuantParams.perChannel(0, 1f, 1f)));
        refused("residual params zeroPoint", () -> new Residual(U8, QuantParams.perTensor(1, -1)));
        refused("residual params zeroPoint", () -> new Residual(S8, QuantParams.perTensor(1, 128)));
        refused("residual", () -> spec(U8, S8, S32, Residual.F32, 1));
        refused("batch", () -> spec(U8, S8, F32, Residual.F32, 0));
    }

    @Test
    void typesMustGoTogether() {
        refused("weights", () -> spec(BF16, S8, F32, Residual.F32, 1));
        refused("weights", () -> spec(BF16, F32, F32, Residual.F32, 1));
        refused("weights", () -> spec(F32, BF16, F32, Residual.F32, 1));
        refused("weights", () -> spec(U8, BF16, F32, Residual.F32, 1));
        refused("src", () -> spec(DataType.F16, BF16, F32, Residual.F32, 1));
        refused("dst", () -> spec(F32, S8, U8, Residual.F32, 1));
        refused("dst", () -> spec(BF16, BF16, S8, Residual.F32, 1));
        refused("dst", () -> spec(F32, S8, S32, Residual.F32, 1));
        refused("bias", () -> new MatMulSpec(F32, S8, F32, 4, 3, ONE, ONE, ONE, Bias.S32, Activation.NONE));
        refused("srcParams", () -> new MatMulSpec(F32, S8, F32, 4, 3, QuantParams.perTensor(2, 0), ONE, ONE,
                Bias.NONE, Activation.NONE));
        refused("dstParams", () -> new MatMulSpec(U8, S8, BF16, 4, 3, ONE, ONE, QuantParams.perTensor(2, 0),
                Bias.NONE, Activation.NONE));
        refused("weightsParams", () -> new MatMulSpec(BF16, BF16, F32, 4, 3, ONE, QuantParams.perTensor(2, 0), ONE,
                Bias.NONE, Activation.NONE));
        refused("activation", () -> new MatMulSpec(U8, S8, S32, 4, 3, ONE, ONE, ONE, Bias.NONE, Activation.GELU));
        refused("activation", () -> new ActivationSpec(U8, ONE, Activation.SILU));
        refused("activation", () -> new Conv2dSpec(U8, S8, S32, 1, 1, Window.of(1, 1), 1, ONE, ONE, ONE, Bias.NONE,
                Activation.HARD_SWISH));
        refused("residual", () -> new Conv2dSpec(U8, S8, S32, 1, 1, Window.of(1, 1), 1, ONE, ONE, ONE, Bias.NONE,
                Optional.of(Residual.F32), Activation.NONE));
    }

    @Test
    void specsAreValuesAndPrintTheirResidual() {
        MatMulSpec one = spec(BF16, BF16, F32, new Residual(U8, QuantParams.perTensor(0.5f, 3)), 2);
        assertEquals(one, spec(BF16, BF16, F32, new Residual(U8, QuantParams.perTensor(0.5f, 3)), 2));
        assertEquals("matmul_bf16bf16f32 k=4 n=3 batch=2 bias=NONE residual=u8(scale 0.5, zeroPoint 3)"
                + " activation=none", one.toString());
        assertEquals(spec(BF16, BF16, F32, new Residual(U8, QuantParams.perTensor(0.5f, 3)), 1), one.single());
    }

    @Test
    void runsRefuseResidualsThatDoNotFit() {
        try (Arena arena = Arena.ofConfined();
                MatMul kernel = MatMul.spec(F32, F32, F32).weights(Tensor.allocate(arena, F32, Shape.of(4, 3)))
                        .residual(Residual.F32).prepare(Backend.SCALAR)) {
            Tensor src = Tensor.allocate(arena, F32, Shape.of(2, 4));
            Tensor dst = Tensor.allocate(arena, F32, Shape.of(2, 3));
            kernel.run(src, dst, dst);
            refused("residual", () -> kernel.run(src, dst));
            refused("residual", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(3, 3)), dst));
            refused("residual", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(2, 4)), dst));
            refused("residual", () -> kernel.run(src, Tensor.allocate(arena, U8, Shape.of(2, 3)), dst));
            refused("residual", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(6)), dst));
            refused("residual", () -> kernel.run(src, Tensor.wrap(dst.data(), F32, Shape.of(2, 3), 1, 2), dst));
            refused("residual", () -> kernel.run(src, Tensor.wrap(dst.data(), F32, Shape.of(2, 3), 0, 1), dst));
        }
    }

    @Test
    void onlyWholeColumnsOfASourceMayBeTransposed() {
        try (Arena arena = Arena.ofConfined();
                MatMul kernel = MatMul.spec(F32, F32, F32).weights(Tensor.allocate(arena, F32, Shape.of(4, 3)))
                        .prepare(Backend.SCALAR)) {
            Tensor memory = Tensor.allocate(arena, F32, Shape.of(64));
            Tensor dst = Tensor.allocate(arena, F32, Shape.of(2, 3));
            kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(2, 4), 1, 2), dst);
            kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(2, 4), 1, 7), dst);
            refused("src", () -> kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(2, 4), 2, 4), dst));
            refused("src", () -> kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(2, 4), 1, 0), dst));
            refused("src", () -> kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(1, 2, 4), 8, 1, 2), dst));
            refused("dst", () -> kernel.run(Tensor.wrap(memory.data(), F32, Shape.of(2, 4), 1, 2),
                    Tensor.wrap(dst.data(), F32, Shape.of(2, 3), 1, 2)));
        }
    }
}
