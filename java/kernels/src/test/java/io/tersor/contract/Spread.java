package io.tersor.contract;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Draws the dimensions of sampled cases: every value of a dimension comes up equally often (to within one), in an order
 * of its own, so that each value is covered and pairs of values meet by chance. Deterministic in the seed.
 */
final class Spread {
    private final Random random;
    private final int count;

    Spread(long seed, int count) {
        this.random = new Random(seed);
        this.count = count;
    }

    /** Returns {@code count} values, one for each case. */
    @SafeVarargs
    final <T> List<T> of(T... values) {
        List<T> drawn = new ArrayList<>();
        while (drawn.size() < count) {
            List<T> round = new ArrayList<>();
            for (T value : values) {
                round.add(value);
            }
            Collections.shuffle(round, random);
            drawn.addAll(round);
        }
        return drawn.subList(0, count);
    }
}
