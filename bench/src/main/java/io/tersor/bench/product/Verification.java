package io.tersor.bench.product;

import io.tersor.tensor.Tensor;

/** Runs a contender before it is timed. */
public final class Verification {
    /** No result has it: the largest number but for a fraction in floating-point types. */
    private static final byte UNTOUCHED = 0x7F;

    private Verification() {}

    /** Compares a result with what is right. */
    @FunctionalInterface
    public interface Check {
        /**
         * Compares.
         *
         * @param who computed it, for the message
         * @throws io.tersor.bench.measure.VerificationException if an element is wrong
         */
        void check(Tensor dst, String who);
    }

    /**
     * Returns the contender, or closes it if its result is wrong with one of its copies of the weights.
     *
     * @throws io.tersor.bench.measure.VerificationException if it is
     */
    public static ProductContender verified(ProductContender contender, Check reference) {
        try {
            for (int copy = 0; copy < contender.copies(); copy++) {
                contender.result().data().fill(UNTOUCHED);
                contender.time(1);
                reference.check(contender.result(), contender.kernel());
            }
            return contender;
        } catch (Throwable e) {
            contender.close();
            throw e;
        }
    }
}
