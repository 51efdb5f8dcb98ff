package io.tersor.model.exec;

import io.tersor.kernel.Kernel;
import io.tersor.model.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * Prepares the kernels of one plan, side by side on as many threads as there are processors: packing weights is most of
 * the time that preparation takes. Each kernel is what it would be alone. Used by the thread that lowers.
 */
final class Packing implements AutoCloseable {
    /** Prepares each kernel at once. */
    static final Packing DIRECT = new Packing(1, List.of());

    private final int threads;
    private final List<Pending<?>> owned;
    private Optional<ExecutorService> executor = Optional.empty();

    private Packing(int threads, List<Pending<?>> owned) {
        this.threads = threads;
        this.owned = owned;
    }

    /** @param overlaps whether kernels may be prepared side by side */
    static Packing of(boolean overlaps) {
        return new Packing(overlaps ? Runtime.getRuntime().availableProcessors() : 1, new ArrayList<>());
    }

    /** Returns what prepares each kernel at once and keeps this plan's own with the others. */
    Packing direct() {
        return new Packing(1, owned);
    }

    /** Begins to prepare a kernel. */
    <K extends Kernel> Pending<K> start(Node node, Supplier<K> preparation) {
        Pending<K> pending = new Pending<>(node, preparation);
        if (threads == 1) {
            pending.run();
            return pending;
        }
        if (executor.isEmpty()) {
            executor = Optional.of(Executors.newFixedThreadPool(threads,
                    Thread.ofPlatform().daemon().name("tersor-packing-", 1).factory()));
        }
        executor.get().execute(pending);
        return pending;
    }

    /** Begins to prepare a kernel that belongs to the plan. */
    <K extends Kernel> Pending<K> own(Node node, Supplier<K> preparation) {
        Pending<K> pending = start(node, preparation);
        owned.add(pending);
        return pending;
    }

    /** Returns the plan's own kernels. */
    List<Pending<?>> owned() {
        return owned;
    }

    /** Waits until all are prepared, or have failed. */
    @Override
    public void close() {
        executor.ifPresent(ExecutorService::close);
    }
}
