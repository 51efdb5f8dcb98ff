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
 * <p>s32 and s64: sums, differences, products and quotients wrap; comparisons give bool. bool, of 0 and 1: AND, OR,
 * XOR, EQUAL.
 *
 * <p>Products of u8 and s8, in binary32 without fused multiply-add: r = (a - za) * ((b - zb) * m), with
 * m = (float) (aScale * bScale / dstScale) computed in binary64; r rounded half to even, plus the zero point, saturated.
 *
 * @param operation as far as {@link Operation#covers} has it; of bytes, {@link Operation#MUL} only
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
        /** a / b; of integers towards 0, and 0 where b is. */
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
        /** Of integers a less b times the largest integer not above a / b, of b's sign; 0 where b is 0. */
        MOD,
        /** Of the bits of integers. */
        AND,
        /** Likewise. */
        OR,
        /** Likewise. */
        XOR,
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
                case MOD, AND, OR, XOR -> throw new IllegalStateException("of integers: " + this);
                case EQUAL -> a == b ? 1 : 0;
                case LESS -> a < b ? 1 : 0;
                case LESS_OR_EQUAL -> a <= b ? 1 : 0;
                case GREATER -> a > b ? 1 : 0;
                case GREATER_OR_EQUAL -> a >= b ? 1 : 0;
            };
        }

        /** Returns the result for two integers, of which s32 has the low bits. */
        public long apply(long a, long b) {
            return switch (this) {
                case ADD -> a + b;
                case SUB -> a - b;
                case MUL -> a * b;
                case DIV -> b == 0 ? 0 : a / b;
                case MOD -> b == 0 ? 0 : Math.floorMod(a, b);
                case MIN -> Math.min(a, b);
                case MAX -> Math.max(a, b);
                case AND -> a & b;
                case OR -> a | b;
                case XOR -> a ^ b;
                case EQUAL -> a == b ? 1 : 0;
                case LESS -> a < b ? 1 : 0;
                case LESS_OR_EQUAL -> a <= b ? 1 : 0;
                case GREATER -> a > b ? 1 : 0;
                case GREATER_OR_EQUAL -> a >= b ? 1 : 0;
                case PRELU, FMOD, POW -> throw new IllegalStateException("of floats: " + this);
            };
        }

        /** Returns whether there is one for operands of a type that is not quantized. */
        public boolean covers(DataType type) {
            return switch (this) {
                case PRELU, FMOD, POW -> type == DataType.F32;
                case AND, OR, XOR -> type == DataType.BOOL || type == DataType.S32 || type == DataType.S64;
                case EQUAL -> type == DataType.BOOL || type == DataType.S32 || type == DataType.S64
                        || type == DataType.F32;
                case MOD -> type == DataType.S32 || type == DataType.S64;
                default -> type == DataType.F32 || type == DataType.S32 || type == DataType.S64;
            };
        }

        /** Returns whether the result is bool. */
        public boolean compares() {
            return ordinal() >= EQUAL.ordinal();
        }
    }

    /** Checks the combination. */
    public BinarySpec {
        boolean plain = operation.covers(a) && b == a && dst == (operation.compares() ? DataType.BOOL : a);
        boolean bytes = operation == Operation.MUL && SpecChecks.isByte(a) && SpecChecks.isByte(b)
                && SpecChecks.isByte(dst);
        OperandException.check(plain || bytes, "types", "twice what " + operation + " is of, and "
                + (operation.compares() ? "bool" : "that") + (operation == Operation.MUL ? ", or each u8 or s8" : ""),
                a + " " + b + " " + dst);
        SpecChecks.perTensor("aParams", a, aParams);
        SpecChecks.perTensor("bParams", b, bParams);
        SpecChecks.perTensor("dstParams", dst, dstParams);
    }

    /** Of f32. */
    public BinarySpec(Operation operation) {
        this(operation, DataType.F32);
    }

    /** Of operands of one type that is not quantized. */
    public BinarySpec(Operation operation, DataType type) {
        this(operation, type, type, operation.compares() ? DataType.BOOL : type, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY);
    }

    /** Returns whether operands and results are u8 or s8. */
    public boolean isQuantized() {
        return a.isQuantized();
    }

    /** Returns whether operands are integers that stand for themselves, or bool. */
    public boolean isInteger() {
        return !isQuantized() && a != DataType.F32;
    }

    /** Returns the factor of products of levels in units of the result. */
    public float multiplier() {
        return (float) ((double) aParams.scale() * bParams.scale() / dstParams.scale());
    }

    @Override
    public String name() {
        return operation.name().toLowerCase(Locale.ROOT) + "_broadcast_" + (isQuantized() ? "" + a + b + dst : "" + a);
    }
}
