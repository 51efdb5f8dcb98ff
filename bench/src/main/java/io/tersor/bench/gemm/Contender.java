package io.tersor.bench.gemm;

import io.tersor.tensor.Tensor;

/** One way to do a matrix multiplication, prepared. For one thread at a time; closing frees it. */
public interface Contender extends AutoCloseable {
    /** Returns what was asked for: a backend's label, {@code auto}, or a peer's name. */
    String name();

    /** Returns the implementation that runs. */
    String kernel();

    /** Returns the instruction set that it may use. */
    String isa();

    /** Returns whether the JVM takes seconds to compile it. */
    boolean isSlowToCompile();

    /** Returns how many copies of the weights the runs take in turn. */
    int copies();

    /** Runs so many times and returns the time of all of them in nanoseconds. */
    long time(int runs);

    /** Returns the result of the last run. */
    Tensor result();

    @Override
    void close();
}
