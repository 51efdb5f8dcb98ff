package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Locale;

/**
 * An operation on two tensors, elementwise with multidirectional broadcasting as ONNX and NumPy have it, of contiguous
 * tensors of any layout that the two share.
 *
 * <p>f32: y = a op b, exact or, but for powers, rounded once. Comparisons give bool, false where either is NaN.
 *
 * <p>Products of u8 and s8, in binary32 without fused multiply-add: r = (a - za) * ((b - zb) * m), with
 * m = (float) (aScale * bScale / dstScale) computed in binary64; r rounded half to even, plus the zero point, saturated.
 *
 * @param operation of bytes, {@link Operation#MUL} only
 * @param aParams of a quantized operand, per tensor
 */
public record BinarySpec(Operation operation, DataType a, DataType b, DataType dst, QuantParams aParams,
        QuantParams bParams, QuantParams dstParams) implements KernelSpec {
    /** What is computed. */
    public enum Operation {
        /** a + b. */
        ADD,
        /** a - b. */
        SUB,
        /** a * b. */
        MUL,
        /** a / b. */
        DIV,
        /** The smaller one; NaN if either is, and -0 is smaller than 0. */
        MIN,
        /** The larger one; likewise. */
        MAX,
        /** a for a &gt;= 0, else b * a; a where it is NaN. */
        PRELU,
        /** a less the multiple of b that leaves less than |b| of it, with a's sign: exact, as Java's %. */
        FMOD,
        /** a^b as {@link MapFunction#power} has it, off by at most two units in the last place. */
        POW,
        /** a == b. */
        EQUAL,
        /** a &lt; b. */
        LESS,
        /** a &lt;= b. */
        LESS_OR_EQUAL,
        /** a &gt; b. */
        GREATER,
        /** a &gt;= b. */
        GREATER_OR_EQUAL;

        /** Returns the result for two numbers. */
        public float apply(float a, float b) {
            return switch (this) {
                case ADD -> a + b;
                case SUB -> a - b;
                case MUL -> a * b;
                case DIV -> a / b;
                case MIN -> Math.min(a, b);
                case MAX -> Math.max(a, b);
                case PRELU -> a < 0 ? b * a : a;
                case FMOD -> a % b;
                case POW -> (float) MapFunction.power(a, b);
                case EQUAL -> a == b ? 1 : 0;
                case LESS -> a < b ? 1 : 0;
                case LESS_OR_EQUAL -> a <= b ? 1 : 0;
                case GREATER -> a > b ? 1 : 0;
                case GREATER_OR_EQUAL -> a >= b ? 1 : 0;
            };
        }

        /** Returns whether the result is bool. */
        public boolean compares() {
            return ordinal() >= EQUAL.ordinal();
        }
    }

    /** Checks the combination. */
    public BinarySpec {
        DataType real = operation.compares() ? DataType.BOOL : DataType.F32;
        boolean floats = a == DataType.F32 && b == DataType.F32 && dst == real;
        boolean bytes = operation == Operation.MUL && SpecChecks.isByte(a) && SpecChecks.isByte(b)
                && SpecChecks.isByte(dst);
        OperandException.check(floats || bytes, "types", "f32 f32 " + real + (operation == Operation.MUL
                ? ", or each u8 or s8" : ""), a + " " + b + " " + dst);
        SpecChecks.perTensor("aParams", a, aParams);
        SpecChecks.perTensor("bParams", b, bParams);
        SpecChecks.perTensor("dstParams", dst, dstParams);
    }

    /** Of f32. */
    public BinarySpec(Operation operation) {
        this(operation, DataType.F32, DataType.F32, operation.compares() ? DataType.BOOL : DataType.F32,
                QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY);
    }

    /** Returns whether operands and results are u8 or s8. */
    public boolean isQuantized() {
        return a.isQuantized();
    }

    /** Returns the factor of products of levels in units of the result. */
    public float multiplier() {
        return (float) ((double) aParams.scale() * bParams.scale() / dstParams.scale());
    }

    @Override
    public String name() {
        return operation.name().toLowerCase(Locale.ROOT) + "_broadcast_" + (isQuantized() ? "" + a + b + dst : "f32");
    }
}
