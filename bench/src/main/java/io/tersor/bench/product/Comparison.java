package io.tersor.bench.product;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How many times as fast as each later contender one is, over all shapes of a type where both ran. */
final class Comparison {
    /** Two contenders on one type. */
    record Pair(ProductTypes types, String contender, String other) {}

    /** A ratio on one shape. */
    record Ratio(ProductShape shape, double speed) {}

    private final Map<Pair, List<Ratio>> ratios = new LinkedHashMap<>();

    void add(Pair pair, ProductShape shape, double speed) {
        ratios.computeIfAbsent(pair, _ -> new ArrayList<>()).add(new Ratio(shape, speed));
    }

    /** Returns all ratios by pair, in the order of the measurements. */
    Map<Pair, List<Ratio>> ratios() {
        return ratios;
    }

    static double geometricMean(List<Ratio> ratios) {
        return Math.exp(ratios.stream().mapToDouble(ratio -> Math.log(ratio.speed)).average().orElse(0));
    }

    static Ratio least(List<Ratio> ratios) {
        return ratios.stream().min((a, b) -> Double.compare(a.speed, b.speed)).orElseThrow();
    }
}
