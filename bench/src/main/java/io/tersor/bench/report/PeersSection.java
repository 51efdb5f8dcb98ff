package io.tersor.bench.report;

import io.tersor.bench.report.DotChart.Dot;
import io.tersor.bench.report.DotChart.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** This library beside peers. */
final class PeersSection {
    private PeersSection() {}

    static Section of(Findings findings) {
        List<Section.Figure> figures = new ArrayList<>();
        figure("peers", "This library over peers", findings, Pair::isOverPeer).ifPresent(figures::add);
        figure("peers-fp32", "This library in INT8 over peers in FP32", findings, Pair::isOverPeersFp32)
                .ifPresent(figures::add);
        return Section.ofFigures("peers", "Peers", List.of("Peers run the same workload on the same inputs in the same "
                + "JVM, in turns with ours. Each line is the geometric mean over all workloads of its kind with its "
                + "interval (thick), and the least and the most (thin). To the right of 1, this library is faster. "
                + "Charts show the contender that stands for this library, on the fewest threads; tables show all."),
                figures);
    }

    private static Optional<Section.Figure> figure(String id, String title, Findings findings, Predicate<Pair> kind) {
        Map<Pair, Speedups> all = findings.where(kind);
        PageTable.Builder table = PageTable.of(title, "workloads", "ours", "types", "peer", "types", "#threads",
                "#geometric mean", "#95 % interval", "#least", "least on", "#most", "most on", "#workloads");
        List<Item> items = new ArrayList<>();
        List<String> sentences = new ArrayList<>();
        all.forEach((pair, speedups) -> {
            table.row(pair.group().shortLabel(), pair.own().name(), pair.own().types(), Phrases.name(pair.other()),
                    pair.other().types(), pair.own().threads(), Phrases.ratio(speedups.mean().value()),
                    Phrases.interval(speedups.mean()), Phrases.ratio(speedups.least().speed().value()),
                    speedups.least().workload().name(), Phrases.ratio(speedups.most().speed().value()),
                    speedups.most().workload().name(), speedups.ratios().size());
            if (findings.isPreferred(pair)) {
                items.add(new Item(label(pair), List.of(Optional.of(Dot.of(speedups)))));
                sentences.add(label(pair) + ": " + Phrases.ratio(speedups.mean().value()));
            }
        });
        return items.isEmpty() ? Optional.empty() : Optional.of(new Section.Figure(new DotChart(id, title,
                "Geometric means: " + String.join("; ", sentences) + ".", "speed of ours over the peer's (ratio)",
                List.of("geometric mean"), items), finding(items), table.build()));
    }

    private static String finding(List<Item> items) {
        long faster = items.stream().filter(item -> item.dots().getFirst().orElseThrow().ratio().low() > 1).count();
        long slower = items.stream().filter(item -> item.dots().getFirst().orElseThrow().ratio().high() < 1).count();
        return "Of " + items.size() + " means " + faster + " show this library faster, " + slower + " slower, and "
                + (items.size() - faster - slower) + " no difference.";
    }

    private static String label(Pair pair) {
        String peer = pair.isOverPeer() ? Phrases.name(pair.other()) : Phrases.nameAndTypes(pair.other());
        return pair.group().shortLabel() + " " + pair.own().types() + " / " + peer;
    }
}
