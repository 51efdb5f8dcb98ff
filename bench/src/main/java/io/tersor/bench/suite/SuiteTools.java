package io.tersor.bench.suite;

import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.ColdWeights;
import io.tersor.bench.product.ProductPeers;
import java.nio.file.Path;
import java.util.Optional;

/** What all steps in one JVM share. */
public final class SuiteTools {
    private final Optional<BenchLibrary> library;
    private final Path work;
    private final ProductPeers peers;

    /**
     * @param library libtersor-bench, without which there are no limits and no peer in C
     * @param work a folder for files that are made once for all JVMs, such as quantized networks
     */
    public SuiteTools(Optional<BenchLibrary> library, Path work) {
        this.library = library;
        this.work = work;
        this.peers = new ProductPeers(library);
    }

    /** Returns libtersor-bench, without which there are no limits and no peer in C. */
    public Optional<BenchLibrary> library() {
        return library;
    }

    /** Returns a folder for files that are made once for all JVMs. */
    public Path work() {
        return work;
    }

    /** Returns the peers of products. */
    public ProductPeers peers() {
        return peers;
    }

    /** Returns how many copies of weights of so many bytes exceed the caches. */
    public int coldCopies(long weightsBytes) {
        return ColdWeights.copies(library, weightsBytes);
    }
}
