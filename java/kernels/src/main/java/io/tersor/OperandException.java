package io.tersor;

/** An operand does not fit: wrong type, shape, stride, alignment or quantization. Names the operand. */
public final class OperandException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final String operand;

    /**
     * @param operand the operand's name as the call or the spec spells it, such as {@code src}
     * @param expected what would have been accepted
     * @param actual what was given
     */
    public OperandException(String operand, Object expected, Object actual) {
        super(operand + ": expected " + expected + ", got " + actual);
        this.operand = operand;
    }

    /** Returns the name of the operand that does not fit. */
    public String operand() {
        return operand;
    }

    /** Throws unless {@code fits}; the description is only built on failure. */
    public static void check(boolean fits, String operand, String expected, Object actual) {
        if (!fits) {
            throw new OperandException(operand, expected, actual);
        }
    }
}
