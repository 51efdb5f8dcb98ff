package io.tersor.kernel;

/**
 * Which backend runs a spec, and why.
 *
 * @param backend the backend
 * @param source where its rank comes from
 * @param reason one line: the order, or the times that led to it
 * @param passedOver backends of a higher rank that do not run it, each with its reason; empty if there is none
 */
public record BackendChoice(Backend backend, Source source, String reason, String passedOver) {
    /** Where a rank comes from. */
    public enum Source {
        /** The caller ordered the backend. */
        ORDERED,
        /** It was the fastest in a measurement of this very spec, see {@link PrepareOptions#tuned()}. */
        TUNED,
        /** It was the fastest in the cost table of this instruction set, see {@link CostTable}. */
        TABLE,
        /** Nothing was measured: a fixed order for the operation. */
        FIXED
    }

    /** Returns the backend with all reasons in one line. */
    @Override
    public String toString() {
        return backend.label() + ": " + reason + (passedOver.isEmpty() ? "" : " (passed over " + passedOver + ")");
    }
}
