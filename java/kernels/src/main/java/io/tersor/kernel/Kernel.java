package io.tersor.kernel;

import java.lang.foreign.Arena;

/**
 * A kernel prepared from a spec: constants are packed, the backend is chosen. Running it allocates nothing on the heap
 * once warm, and may be done from many threads at once with different outputs.
 *
 * <p>A kernel owns what it packed, in a shared arena. {@link #close} frees it: running or closing again then fails with
 * {@link IllegalStateException}, and so does closing while another thread runs the kernel.
 */
public abstract sealed class Kernel implements AutoCloseable permits MatMul, Conv2d, Add, Unary, LayerNorm,
        MatrixProduct, Attention, Binary, Select, Interpolate, RecurrentCell, DynamicQuantizer {
    private final Backend backend;
    private final Parallelism parallelism;
    private final Arena arena;
    private volatile String note = "";

    /**
     * @param arena a shared arena that the kernel owns from now on, with everything it packed
     */
    Kernel(Backend backend, Parallelism parallelism, Arena arena) {
        this.backend = backend;
        this.parallelism = parallelism;
        this.arena = arena;
    }

    /** Returns what this kernel computes. */
    public abstract KernelSpec spec();

    /**
     * Returns what runs, as {@code backend/kernel}, for example {@code native/u8s8_gemm_12x32__avx512_vnni}; where zeros
     * of the weights are made use of, also which and why, in brackets.
     */
    public final String describe() {
        return backend.label() + "/" + kernelName() + (note.isEmpty() ? "" : " (" + note + ")");
    }

    /** For the registry: tells what led to this kernel. */
    final void note(String reason) {
        note = reason;
    }

    /** Returns the backend that runs. */
    public final Backend backend() {
        return backend;
    }

    /** Returns the implementation's name inside its backend, with the instruction set where there is one. */
    protected abstract String kernelName();

    /** Returns the threads that a run may use. */
    protected final Parallelism parallelism() {
        return parallelism;
    }

    /** Fails with {@link IllegalStateException} once the kernel is closed. */
    protected final void checkOpen() {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException("Already closed: " + describe());
        }
    }

    /**
     * Frees the packed constants.
     *
     * @throws IllegalStateException if already closed, or if another thread is inside {@code run}
     */
    @Override
    public void close() {
        arena.close();
    }
}
