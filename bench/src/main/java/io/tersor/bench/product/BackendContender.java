package io.tersor.bench.product;

import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One of the library's own backends.
 *
 * @param <K> the kernel
 */
public final class BackendContender<K extends Kernel> implements ProductContender {
    private final Arena arena = Arena.ofShared();
    private final List<K> kernels = new ArrayList<>();
    private final Tensor dst;
    private final WeightStorage storage;
    private final String name;
    private final Run<K> run;
    private int next;

    /**
     * Runs a kernel once.
     *
     * @param <K> the kernel
     */
    @FunctionalInterface
    public interface Run<K> {
        /** Runs into a tensor. */
        void run(K kernel, Tensor dst);
    }

    /**
     * Prepares the product once for each copy of the weights.
     *
     * @param newDst makes a place for the result
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     */
    public BackendContender(PrepareOptions options, WeightStorage storage, Function<Arena, Tensor> newDst,
            Supplier<K> prepare, Run<K> run) {
        this.storage = storage;
        this.dst = newDst.apply(arena);
        this.name = options.backend().map(Backend::label).orElse(ProductBenchmark.AUTO);
        this.run = run;
        try {
            for (int i = 0; i < storage.copies(); i++) {
                kernels.add(prepare.get());
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
        return kernels.getFirst().describe();
    }

    @Override
    public String isa() {
        BackendStatus status = KernelRegistry.standard().status(kernels.getFirst().backend());
        return status instanceof BackendStatus.Available available ? available.isa() : "unknown";
    }

    @Override
    public boolean isSlowToCompile() {
        return kernels.getFirst().backend() == Backend.VECTOR;
    }

    @Override
    public WeightStorage storage() {
        return storage;
    }

    @Override
    public long time(int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            run.run(kernels.get(next), dst);
            next = next + 1 == kernels.size() ? 0 : next + 1;
        }
        return System.nanoTime() - start;
    }

    @Override
    public Tensor result() {
        return dst;
    }

    @Override
    public void close() {
        kernels.forEach(Kernel::close);
        arena.close();
    }
}
