package io.tersor.kernel;

import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend of which everything is told, and that counts what is asked of it. Its multiplications do what they are told. */
final class FakeBackend implements BackendProvider {
    private final Backend backend;
    private final BackendStatus status;
    private final Optional<String> refusal;
    private final Runnable run;
    private final AtomicInteger prepared = new AtomicInteger();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicInteger runs = new AtomicInteger();

    private FakeBackend(Backend backend, BackendStatus status, Optional<String> refusal, Runnable run) {
        this.backend = backend;
        this.status = status;
        this.refusal = refusal;
        this.run = run;
    }

    static FakeBackend running(Backend backend) {
        return running(backend, () -> { });
    }

    /** A backend whose preparations and runs call back. */
    static FakeBackend running(Backend backend, Runnable run) {
        return new FakeBackend(backend, new BackendStatus.Available(backend, "1.0", "isa", "here"), Optional.empty(),
                run);
    }

    static FakeBackend missing(Backend backend, String reason) {
        return new FakeBackend(backend, new BackendStatus.Missing(backend, reason), Optional.empty(), () -> { });
    }

    static FakeBackend refusing(Backend backend, String reason) {
        return new FakeBackend(backend, new BackendStatus.Available(backend, "1.0", "isa", "here"),
                Optional.of(reason), () -> { });
    }

    /** Returns how many kernels were prepared. */
    int prepared() {
        return prepared.get();
    }

    /** Returns how many kernels are not closed. */
    int open() {
        return open.get();
    }

    /** Returns how often kernels ran. */
    int runs() {
        return runs.get();
    }

    @Override
    public Backend backend() {
        return backend;
    }

    @Override
    public BackendStatus status() {
        return status;
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return refusal;
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        MatMul kernel = new MatMul(spec, backend, options.parallelism(), Arena.ofShared()) {
            @Override
            protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride,
                    MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst) {
                runs.incrementAndGet();
                run.run();
            }

            @Override
            protected String kernelName() {
                return "fake";
            }

            @Override
            public void close() {
                super.close();
                open.decrementAndGet();
            }
        };
        prepared.incrementAndGet();
        open.incrementAndGet();
        return kernel;
    }
}
