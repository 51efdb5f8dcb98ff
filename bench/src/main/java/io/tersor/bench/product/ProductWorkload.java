package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.kernel.PrepareOptions;

/**
 * One product to be timed: seeded operands, and contenders whose result was compared with a float64 reference before
 * anything is timed. Closing frees the operands, so the contenders are closed before. For one thread at a time.
 */
public interface ProductWorkload extends AutoCloseable {
    /** The name of oneDNN called from C, on the command line and in reports. */
    String ONEDNN_PEER = "onednn-c";

    /** Returns the shape. */
    ProductShape shape();

    /** Returns the types. */
    ProductTypes types();

    /** Returns the bytes of the weights, before they are packed. */
    long weightsBytes();

    /**
     * Prepares and verifies a backend.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    ProductContender prepare(PrepareOptions options, int copies);

    /**
     * Prepares and verifies oneDNN called from C.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws TersorException if oneDNN is missing or has no kernel for it, or libtersor-bench does not call it
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    default ProductContender prepareOnednnPeer(BenchLibrary library, int threads, int copies) {
        throw new TersorException(ONEDNN_PEER + ": not for " + shape());
    }

    @Override
    void close();
}
