package io.tersor.model.ops;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Random numbers of which each has an index, so that they do not depend on the order in which they are asked for:
 * SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014), whose state after i steps is
 * the key and i times a constant. The same on every machine. Thread-safe.
 */
record RandomNumbers(long key) {
    private static final long STEP = 0x9E37_79B9_7F4A_7C15L;

    /** Returns the numbers of a seed; those of neighbouring seeds have nothing in common. */
    static RandomNumbers of(long seed) {
        return new RandomNumbers(mix(seed + STEP));
    }

    /** Returns other numbers in each call. */
    static RandomNumbers fresh() {
        return new RandomNumbers(ThreadLocalRandom.current().nextLong());
    }

    private static long mix(long state) {
        long z = (state ^ state >>> 30) * 0xBF58_476D_1CE4_E5B9L;
        z = (z ^ z >>> 27) * 0x94D0_49BB_1331_11EBL;
        return z ^ z >>> 31;
    }

    /** Returns a number from 0 to 1, without 1: a multiple of 2^-53. */
    double uniform(long index) {
        return (mix(key + (index + 1) * STEP) >>> 11) * 0x1p-53;
    }

    /** Returns a number of the standard normal distribution, by Box and Muller's formula. */
    double normal(long index) {
        double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform(2 * index)));
        return radius * StrictMath.cos(2 * StrictMath.PI * uniform(2 * index + 1));
    }
}
