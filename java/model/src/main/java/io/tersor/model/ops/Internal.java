package io.tersor.model.ops;

/** Operators that our own passes make; they are made only where a kernel computes them. */
final class Internal {
    private Internal() {}

    static Computation.Body neverRun(OpContext context) {
        String node = context.node().name() + " (" + context.node().operator() + ")";
        return (_, _) -> {
            throw new IllegalStateException("node " + node + " runs as a kernel only");
        };
    }
}
