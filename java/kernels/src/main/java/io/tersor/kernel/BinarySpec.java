package io.tersor.kernel;

import io.tersor.tensor.DataType;

/**
 * An operation on two f32 tensors, elementwise with multidirectional broadcasting as ONNX and NumPy have it: y = a op b,
 * exact or, but for powers, rounded once. Comparisons give bool, false where either is NaN. Contiguous tensors of any
 * layout that the two share.
 */
public record BinarySpec(Operation operation) implements KernelSpec {
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

    /** Returns the element type of the result. */
    public DataType dst() {
        return operation.compares() ? DataType.BOOL : DataType.F32;
    }

    @Override
    public String name() {
        return operation.name().toLowerCase(java.util.Locale.ROOT) + "_broadcast_f32";
    }
}
