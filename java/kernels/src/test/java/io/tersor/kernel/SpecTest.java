package io.tersor.kernel;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** Specs and builders refuse what does not fit, and name the operand. */
class SpecTest {
    private static final QuantParams ONE = QuantParams.IDENTITY;

    private static MatMulSpec matMul(DataType src, DataType weights, DataType dst, QuantParams srcParams,
            QuantParams weightsParams, QuantParams dstParams, Bias bias, Activation activation) {
        return new MatMulSpec(src, weights, dst, 4, 3, srcParams, weightsParams, dstParams, bias, activation);
    }

    private static void refused(String operand, Runnable wrong) {
        OperandException failure = assertThrows(OperandException.class, wrong::run);
        assertEquals(operand, failure.operand(), failure.getMessage());
    }

    @Test
    void typesMustGoTogether() {
        refused("weights", () -> matMul(F32, U8, F32, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("weights", () -> matMul(U8, U8, F32, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("dst", () -> matMul(F32, F32, U8, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("dst", () -> matMul(U8, S8, DataType.S16, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("src", () -> matMul(S32, S8, F32, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("bias", () -> matMul(F32, F32, F32, ONE, ONE, ONE, Bias.S32, Activation.NONE));
        refused("bias", () -> matMul(U8, S8, S32, ONE, ONE, ONE, Bias.F32, Activation.NONE));
        refused("activation", () -> matMul(U8, S8, S32, ONE, ONE, ONE, Bias.NONE, Activation.RELU));
    }

    @Test
    void parametersMustFit() {
        QuantParams two = QuantParams.perChannel(1, 1f, 1f);
        refused("weightsParams", () -> matMul(U8, S8, U8, ONE, two, ONE, Bias.NONE, Activation.NONE));
        refused("srcParams", () -> matMul(U8, S8, U8, two, ONE, ONE, Bias.NONE, Activation.NONE));
        refused("dstParams", () -> matMul(U8, S8, U8, ONE, ONE, two, Bias.NONE, Activation.NONE));
        refused("dstParams", () -> matMul(U8, S8, S32, ONE, ONE, QuantParams.perTensor(2, 0), Bias.NONE,
                Activation.NONE));
        refused("srcParams zeroPoint", () -> matMul(U8, S8, U8, QuantParams.perTensor(1, -1), ONE, ONE, Bias.NONE,
                Activation.NONE));
        refused("weightsParams zeroPoint", () -> matMul(U8, S8, U8, ONE, QuantParams.perTensor(1, 128), ONE,
                Bias.NONE, Activation.NONE));
        refused("k", () -> new MatMulSpec(U8, S8, U8, -1, 3, ONE, ONE, ONE, Bias.NONE, Activation.NONE));
    }

    @Test
    void otherSpecsCheckTheirOperands() {
        refused("dst", () -> new QuantizeSpec(S32, ONE, Rounding.HALF_EVEN));
        refused("src", () -> new DequantizeSpec(F32, ONE));
        refused("src", () -> new RequantizeSpec(F32, U8, ONE, ONE));
        refused("types", () -> new AddSpec(F32, U8, F32, ONE, ONE, ONE, Activation.NONE));
        refused("type", () -> new ActivationSpec(S32, ONE, Activation.RELU));
        refused("dstParams", () -> new Pool2dSpec(Pool2dSpec.Kind.MAX, U8, Window.of(2, 2), false, ONE,
                QuantParams.perTensor(2, 0)));
        refused("groups", () -> new Conv2dSpec(F32, F32, F32, 6, 4, Window.of(1, 1), 3, ONE, ONE, ONE, Bias.NONE,
                Activation.NONE));
        refused("activation", () -> Activation.clip(2, 1));
        refused("activation", () -> Activation.clip(Float.NaN, 1));
    }

    @Test
    void specsAreValues() {
        MatMulSpec one = matMul(U8, S8, U8, QuantParams.perTensor(0.5f, 3), ONE, ONE, Bias.F32, Activation.RELU);
        MatMulSpec same = matMul(U8, S8, U8, QuantParams.perTensor(0.5f, 3), ONE, ONE, Bias.F32, Activation.RELU);
        assertEquals(one, same);
        assertEquals(one.hashCode(), same.hashCode());
        assertEquals("matmul_u8s8u8 k=4 n=3 src(scale 0.5, zeroPoint 3) weights(scale 1.0) dst(scale 1.0) bias=F32"
                + " activation=relu", one.toString());
    }

    @Test
    void runsRefuseOperandsThatDoNotFit() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, F32, Shape.of(4, 3));
            try (MatMul kernel = MatMul.spec(F32, F32, F32).weights(weights).prepare(Backend.SCALAR)) {
                Tensor src = Tensor.allocate(arena, F32, Shape.of(2, 4));
                Tensor dst = Tensor.allocate(arena, F32, Shape.of(2, 3));
                kernel.run(src, dst);
                refused("src", () -> kernel.run(Tensor.allocate(arena, F32, Shape.of(2, 5)), dst));
                refused("src", () -> kernel.run(Tensor.allocate(arena, S32, Shape.of(2, 4)), dst));
                Tensor bothApart = Tensor.wrap(Tensor.allocate(arena, F32, Shape.of(24)).data(), F32, Shape.of(2, 4), 8, 2);
                refused("src", () -> kernel.run(bothApart, dst));
                refused("residual", () -> kernel.run(src, dst, dst));
                refused("dst", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(3, 2)).permute(1, 0)));
                refused("src", () -> kernel.run(Tensor.allocate(arena, F32, Shape.of(4)), dst));
                refused("dst", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(3, 3))));
                refused("dst", () -> kernel.run(src, Tensor.wrap(dst.data(), F32, Shape.of(2, 3), 0, 1)));
            }
            refused("bias", () -> MatMul.spec(F32, F32, F32).weights(weights)
                    .bias(Tensor.allocate(arena, F32, Shape.of(4))).prepare(Backend.SCALAR));
            refused("weights", () -> MatMul.spec(U8, S8, U8).weights(weights).prepare(Backend.SCALAR));
            refused("weights", () -> MatMul.spec(F32, F32, F32).prepare(Backend.SCALAR));
            QuantizedTensor rows = new QuantizedTensor(Tensor.allocate(arena, S8, Shape.of(4, 3)),
                    QuantParams.perChannel(0, 1f, 1f, 1f, 1f));
            refused("weightsParams", () -> MatMul.spec(U8, S8, U8).weights(rows));
        }
    }

    @Test
    void convolutionsRefuseOperandsThatDoNotFit() {
        try (Arena arena = Arena.ofConfined()) {
            Tensor weights = Tensor.allocate(arena, F32, Shape.of(5, 2, 3, 3));
            refused("window", () -> Conv2d.spec(F32, F32, F32).weights(weights).window(Window.of(3, 1)).spec());
            try (Conv2d kernel = Conv2d.spec(F32, F32, F32).weights(weights).prepare(Backend.SCALAR)) {
                Tensor src = Tensor.allocate(arena, F32, Shape.of(1, 6, 7, 2));
                kernel.run(src, Tensor.allocate(arena, F32, Shape.of(1, 4, 5, 5)));
                refused("dst", () -> kernel.run(src, Tensor.allocate(arena, F32, Shape.of(1, 4, 4, 5))));
                refused("src", () -> kernel.run(Tensor.allocate(arena, F32, Shape.of(1, 2, 6, 7)).permute(0, 2, 3, 1),
                        Tensor.allocate(arena, F32, Shape.of(1, 4, 5, 5))));
            }
        }
    }
}
