package io.tersor.bench.measure;

/** One way to do the same work, prepared. For one thread at a time; closing frees it. */
public interface Contender extends AutoCloseable {
    /** Returns what was asked for: a backend's label, {@code auto}, or a peer's name. */
    String name();

    /** Returns the implementation that runs. */
    String kernel();

    /** Returns whether the JVM takes seconds to compile it. */
    boolean isSlowToCompile();

    /** Runs so many times and returns the time of all of them in nanoseconds. */
    long time(int runs);

    @Override
    void close();
}
