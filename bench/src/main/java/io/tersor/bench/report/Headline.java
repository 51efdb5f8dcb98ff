package io.tersor.bench.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A ratio that stands for many.
 *
 * @param figure the geometric mean
 * @param what it compares
 * @param clause the same within the summary, where it belongs there
 * @param detail its interval, and the range that it is the mean of
 */
record Headline(String figure, String what, Optional<String> clause, String detail) {
    private static final double TYPICAL_SPARSITY = 0.8;

    /** Returns those for which there are rows. */
    static List<Headline> of(Findings findings) {
        Group networks = new Group(Group.NETWORKS, false);
        Group gemm = new Group(Group.GEMM, false);
        Group conv = new Group(Group.CONV, false);
        List<Headline> all = new ArrayList<>();
        findings.ours(networks, Pair::isInt8OverFp32).ifPresent(pair -> all.add(of(pair, "INT8 over FP32",
                Optional.of("INT8 networks run {} as fast as FP32"))));
        findings.ours(networks, peer("onnxruntime", Precision.INT8, Precision.INT8)).ifPresent(pair -> all.add(of(pair,
                "INT8 over ONNX Runtime's INT8", Optional.of("{} as fast as INT8 in ONNX Runtime"))));
        findings.ours(networks, peer("onnxruntime", Precision.INT8, Precision.FP32)).ifPresent(pair -> all.add(of(pair,
                "INT8 over ONNX Runtime's FP32", Optional.of("{} as fast as FP32 in ONNX Runtime"))));
        findings.ours(networks, peer("onnxruntime", Precision.FP32, Precision.FP32)).ifPresent(pair -> all.add(of(pair,
                "FP32 over ONNX Runtime's FP32", Optional.empty())));
        for (Group group : List.of(gemm, conv)) {
            findings.ours(group, Pair::isInt8OverFp32).ifPresent(pair -> all.add(of(pair, "INT8 over FP32",
                    Optional.empty())));
            // oneDNN called from C is the purer peer where both were measured.
            findings.ours(group, peer("onednn-c", Precision.INT8, Precision.INT8))
                    .or(() -> findings.ours(group, peer("onednn", Precision.INT8, Precision.INT8)))
                    .ifPresent(pair -> all.add(of(pair, "INT8 over " + Phrases.name(pair.getKey().other()),
                            Optional.of("INT8 " + group.label() + " {} as fast as oneDNN's"))));
        }
        findings.ours(networks, Pair::isPrunedOverDense).ifPresent(pair -> all.add(of(pair,
                pair.getKey().own().types() + " over INT8", Optional.of("pruned networks ("
                        + pair.getKey().own().types() + ") {} as fast as dense INT8"))));
        sparse(findings).ifPresent(all::add);
        return all;
    }

    /** Returns a sentence of all, or that there is none. */
    static String summary(List<Headline> headlines, String machine) {
        return headlines.isEmpty() ? "On " + machine + " nothing was measured that can be compared."
                : "On " + machine + ", in geometric means: "
                + String.join("; ", headlines.stream().flatMap(headline -> headline.clause().stream()).toList()) + ".";
    }

    private static Predicate<Pair> peer(String name, Precision own, Precision other) {
        return pair -> (pair.isOverPeer() || pair.isOverPeersFp32()) && pair.other().name().equals(name)
                && Precision.of(pair.own()).equals(Optional.of(own))
                && Precision.of(pair.other()).equals(Optional.of(other));
    }

    private static Headline of(Map.Entry<Pair, Speedups> entry, String what, Optional<String> clause) {
        Pair pair = entry.getKey();
        return of(entry.getValue(), what + ": " + pair.group().label() + ", " + Phrases.name(pair.own()) + ", "
                + Phrases.threads(pair.own().threads()), clause);
    }

    private static Headline of(Speedups speedups, String what, Optional<String> clause) {
        String figure = Phrases.ratio(speedups.mean().value());
        return new Headline(figure, what, clause.map(text -> text.replace("{}", figure)), detail(speedups));
    }

    private static String detail(Speedups speedups) {
        String interval = "95 % interval " + Phrases.interval(speedups.mean());
        return speedups.ratios().size() == 1 ? interval + "; " + speedups.least().workload().name() + " alone"
                : interval + "; " + speedups.ratios().size() + " workloads, from "
                + Phrases.ratio(speedups.least().speed().value()) + " (" + speedups.least().workload().name() + ") to "
                + Phrases.ratio(speedups.most().speed().value()) + " (" + speedups.most().workload().name() + ")";
    }

    /** Returns the INT8 format that is fastest at 80 % zeros. */
    private static Optional<Headline> sparse(Findings findings) {
        return SparseSpeedups.of(findings.results().rows()).stream()
                .filter(some -> Precision.of(some.contender()).equals(Optional.of(Precision.INT8))
                        && some.bySparsity().containsKey(TYPICAL_SPARSITY))
                .max(Comparator.comparingDouble(some -> some.means().get(TYPICAL_SPARSITY)))
                .map(some -> of(some.bySparsity().get(TYPICAL_SPARSITY), "sparse over the fastest dense: "
                        + some.contender().types() + " products with " + Phrases.percent(TYPICAL_SPARSITY)
                        + " zeros, " + some.contender().name() + ", " + Phrases.threads(some.contender().threads()),
                        Optional.of("products with " + Phrases.percent(TYPICAL_SPARSITY)
                                + " of the weights zero (" + some.format() + ") {} as fast as dense ones")));
    }
}
