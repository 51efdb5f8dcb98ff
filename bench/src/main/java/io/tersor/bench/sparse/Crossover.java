package io.tersor.bench.sparse;

import java.util.Map;
import java.util.NavigableMap;
import java.util.OptionalDouble;

/** From which share of zeros on a sparse kernel is faster than the dense one. */
public final class Crossover {
    private Crossover() {}

    /**
     * Returns the least sparsity from which on the sparse kernel is at least as fast at everything measured: between
     * the last measured point where it is slower and the next one, where the straight line through the logarithms of
     * their ratios passes through 1; the first point if it is never slower; empty if it is slower at the last one.
     *
     * @param speedups over dense, by sparsity
     */
    public static OptionalDouble of(NavigableMap<Double, Double> speedups) {
        if (speedups.isEmpty() || speedups.lastEntry().getValue() < 1) {
            return OptionalDouble.empty();
        }
        for (Map.Entry<Double, Double> slow : speedups.descendingMap().entrySet()) {
            if (slow.getValue() < 1) {
                Map.Entry<Double, Double> fast = speedups.higherEntry(slow.getKey());
                double below = -Math.log(slow.getValue());
                double above = Math.log(fast.getValue());
                return OptionalDouble.of(slow.getKey()
                        + (fast.getKey() - slow.getKey()) * below / (below + above));
            }
        }
        return OptionalDouble.of(speedups.firstKey());
    }
}
