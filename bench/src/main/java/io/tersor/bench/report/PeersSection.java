package io.tersor.bench.report;

import io.tersor.bench.report.DotChart.Dot;
import io.tersor.bench.report.DotChart.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** This library beside peers. */
final class PeersSection {
    private PeersSection() {}

    static Section of(Findings findings) {
        Map<Pair, Speedups> all = findings.where(Pair::isOverPeer);
        if (all.isEmpty()) {
            return Section.ofFigures("peers", "Peers", List.of(), List.of());
        }
        String title = "This library over peers";
        PageTable.Builder table = PageTable.of(title + ": all contenders and threads", "workloads", "ours", "types",
                "peer", "types", "#threads", "#geometric mean", "#95 % interval", "#least", "least on", "#most",
                "most on", "#workloads");
        List<Item> items = new ArrayList<>();
        List<String> sentences = new ArrayList<>();
        all.forEach((pair, speedups) -> {
            table.row(pair.group().label(), pair.own().name(), pair.own().types(), Phrases.name(pair.other()),
                    pair.other().types(), pair.own().threads(), Phrases.ratio(speedups.mean().value()),
                    Phrases.interval(speedups.mean()), Phrases.ratio(speedups.least().speed().value()),
                    speedups.least().workload().name(), Phrases.ratio(speedups.most().speed().value()),
                    speedups.most().workload().name(), speedups.ratios().size());
            if (findings.isPreferred(pair)) {
                items.add(new Item(label(pair), List.of(Optional.of(Dot.of(speedups)))));
                sentences.add(label(pair) + ": " + speedups.sentence());
            }
        });
        String finding = String.join(". ", sentences) + ".";
        DotChart chart = new DotChart("peers", title + ", fewest threads", finding,
                "speed of ours over the peer's (ratio)", List.of("geometric mean"), items);
        return Section.ofFigures("peers", "Peers", List.of("Peers run the same workload on the same inputs in the same "
                + "JVM, in turns with ours. Each line is the geometric mean over all workloads of its kind with its "
                + "interval (thick), and the least and the most (thin). To the right of 1, this library is faster. "
                + "INT8 is also set against the peer's FP32: what quantizing and changing over brings together."),
                List.of(new Section.Figure(chart, "Ours is " + String.join(", ", findings.groups().stream()
                        .flatMap(group -> findings.preferred(group).stream()).distinct().toList())
                        + " here; the table has all.", table.build())));
    }

    private static String label(Pair pair) {
        String what = pair.group().cold() ? pair.group().suite() + " cold" : pair.group().suite();
        return what + " " + pair.own().types() + " / " + Phrases.nameAndTypes(pair.other());
    }
}
