package io.tersor;

/** A backend was ordered to run a kernel that it cannot run; the message says which and why. */
public final class UnsupportedKernelException extends TersorException {
    private static final long serialVersionUID = 1L;

    private final String reason;

    /**
     * @param backend the backend that was asked, or {@code "every backend"}
     * @param spec the kernel's spec
     * @param reason why it cannot
     */
    public UnsupportedKernelException(String backend, Object spec, String reason) {
        super(backend + " cannot run " + spec + ": " + reason);
        this.reason = reason;
    }

    /** Returns why it cannot, without what it was asked for. */
    public String reason() {
        return reason;
    }
}
