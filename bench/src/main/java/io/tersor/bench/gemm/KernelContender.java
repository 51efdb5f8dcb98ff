package io.tersor.bench.gemm;

import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** One of the library's own backends. */
final class KernelContender implements GemmContender {
    private final Arena arena = Arena.ofShared();
    private final MatMul[] kernels;
    private final Tensor src;
    private final Tensor dst;
    private final String name;
    private int next;

    /**
     * Prepares the multiplication so many times.
     *
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     */
    KernelContender(Operands operands, PrepareOptions options, int copies) {
        this.src = operands.src();
        this.dst = operands.newDst(arena);
        this.name = options.backend().map(backend -> backend.label()).orElse("auto");
        this.kernels = new MatMul[copies];
        MatMul.Builder builder = operands.builder();
        try {
            for (int i = 0; i < copies; i++) {
                kernels[i] = builder.prepare(options.rows(operands.shape().m()));
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kernel() {
        return kernels[0].describe();
    }

    @Override
    public String isa() {
        return KernelRegistry.standard().status(kernels[0].backend()) instanceof BackendStatus.Available available
                ? available.isa() : "unknown";
    }

    @Override
    public boolean isSlowToCompile() {
        return kernels[0].backend() == Backend.VECTOR;
    }

    @Override
    public int copies() {
        return kernels.length;
    }

    @Override
    public long time(int runs) {
        long start = System.nanoTime();
        for (int run = 0; run < runs; run++) {
            kernels[next].run(src, dst);
            next = next + 1 == kernels.length ? 0 : next + 1;
        }
        return System.nanoTime() - start;
    }

    @Override
    public Tensor result() {
        return dst;
    }

    @Override
    public void close() {
        for (MatMul kernel : kernels) {
            if (kernel != null) {
                kernel.close();
            }
        }
        arena.close();
    }
}
