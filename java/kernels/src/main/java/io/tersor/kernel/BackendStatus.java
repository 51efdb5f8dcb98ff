package io.tersor.kernel;

/** Whether a backend can run here, and what it is or why not. */
public sealed interface BackendStatus {
    /** Returns the backend in question. */
    Backend backend();

    /**
     * The backend runs.
     *
     * @param version the implementation's version
     * @param isa the instruction set in use, by its usual name such as {@code avx512_vnni}
     * @param origin the library file, or what carries the backend otherwise, such as {@code JDK}
     */
    record Available(Backend backend, String version, String isa, String origin) implements BackendStatus {}

    /**
     * The backend does not run.
     *
     * @param reason one line: what is missing and how to get it
     */
    record Missing(Backend backend, String reason) implements BackendStatus {}
}
