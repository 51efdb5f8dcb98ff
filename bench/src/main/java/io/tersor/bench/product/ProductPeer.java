package io.tersor.bench.product;

/** Another library that computes products, to be timed beside the backends. Safe to share. */
public interface ProductPeer {
    /** Returns its name on the command line and in reports. */
    String name();

    /**
     * Returns the version of the library that is loaded.
     *
     * @throws io.tersor.TersorException if it is missing
     */
    String version();

    /** Returns which weights it gets: those of 7 bits where its sums of bytes saturate otherwise. */
    default RandomValues.Range weights(ProductTypes types) {
        return RandomValues.Range.FULL;
    }

    /**
     * Returns what its result must be; a peer that does not compute what our backends do says here what it computes,
     * and how exactly.
     *
     * @param operands that it gets
     * @param exact what our backends' result must be
     */
    default Verification.Check reference(ProductOperands operands, Verification.Check exact) {
        return exact;
    }

    /**
     * Prepares a product; its time does not depend on the values.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.TersorException if the library is missing or does not run it, with the reason
     */
    ProductContender prepare(ProductOperands operands, int threads, int copies);
}
