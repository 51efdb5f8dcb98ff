package io.tersor.bench.product;

import io.tersor.bench.measure.VerificationException;
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
         * @throws VerificationException if an element is wrong
         */
        void check(Tensor dst, String who);
    }

    /**
     * Returns the check that a result has the very bits of another one.
     *
     * @param what the other one is, for the message
     */
    public static Check identical(Tensor expected, String what) {
        return (dst, who) -> {
            long at = expected.data().mismatch(dst.data());
            if (at >= 0) {
                long element = at / (dst.byteSize() / dst.shape().elements());
                throw new VerificationException(who + ": element " + element + " of " + dst.shape() + " is "
                        + dst.get(element) + ", expected " + expected.get(element) + " as " + what + " has it");
            }
        };
    }

    /**
     * Returns the contender, or closes it if its result is wrong with one of its copies of the weights.
     *
     * @throws VerificationException if it is
     */
    public static ProductContender verified(ProductContender contender, Check reference) {
        try {
            for (int copy = 0; copy < contender.storage().copies(); copy++) {
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
