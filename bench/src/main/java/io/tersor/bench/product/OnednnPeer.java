package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.util.Optional;

/** oneDNN called from C; see {@link OnednnContender}. */
public final class OnednnPeer implements ProductPeer {
    /** Its name. */
    public static final String NAME = "onednn-c";

    private final Optional<BenchLibrary> library;

    /**
     * @param library without which it runs nothing
     */
    OnednnPeer(Optional<BenchLibrary> library) {
        this.library = library;
    }

    /**
     * Returns oneDNN as the library's own backend has loaded it.
     *
     * @throws TersorException if it has not
     */
    static BackendStatus.Available onednn() {
        return switch (KernelRegistry.standard().status(Backend.ONEDNN)) {
            case BackendStatus.Available available -> available;
            case BackendStatus.Missing(_, String reason) -> throw new TersorException(NAME + ": " + reason);
        };
    }

    /** Returns whether oneDNN is there and its sums of these types saturate: then it is no backend but only a peer. */
    public static boolean saturates(ProductTypes types) {
        return KernelRegistry.standard().status(Backend.ONEDNN) instanceof BackendStatus.Available onednn
                && types.multipliesBytes() && !onednn.isa().matches("avx10.*|.*(vnni|bf16|amx).*");
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public String version() {
        return onednn().version();
    }

    @Override
    public RandomValues.Range weights(ProductTypes types) {
        return saturates(types) ? RandomValues.Range.HALF : RandomValues.Range.FULL;
    }

    @Override
    public ProductContender prepare(ProductOperands operands, int threads, int copies) {
        BenchLibrary loaded = library.orElseThrow(() -> new TersorException(NAME + ": libtersor-bench is missing"));
        return new OnednnContender(loaded, onednn(), operands, threads, copies);
    }
}
