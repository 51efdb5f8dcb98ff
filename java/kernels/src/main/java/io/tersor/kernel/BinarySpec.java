package io.tersor.kernel;

/**
 * One of the four basic operations on two f32 tensors, elementwise with multidirectional broadcasting as ONNX and NumPy
 * have it: y = a op b, an IEEE operation each. Contiguous tensors of any layout that the two share.
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
        DIV;

        /** Returns the result for two numbers. */
        public float apply(float a, float b) {
            return switch (this) {
                case ADD -> a + b;
                case SUB -> a - b;
                case MUL -> a * b;
                case DIV -> a / b;
            };
        }
    }

    @Override
    public String name() {
        return operation.name().toLowerCase(java.util.Locale.ROOT) + "_broadcast_f32";
    }
}
