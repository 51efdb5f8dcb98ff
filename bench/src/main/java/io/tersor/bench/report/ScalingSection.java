package io.tersor.bench.report;

import io.tersor.bench.report.DotChart.Dot;
import io.tersor.bench.report.DotChart.Item;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Several threads against one: each network by itself, products in the mean. */
final class ScalingSection {
    private ScalingSection() {}

    static Section of(Findings findings) {
        Map<Pair, Speedups> all = findings.where(Pair::isScaling);
        if (all.isEmpty()) {
            return Section.ofFigures("scaling", "Scaling over threads", List.of(), List.of());
        }
        String title = "Speed on several threads over one";
        PageTable.Builder table = PageTable.of(title, "workloads", "contender", "types", "#threads", "#speed-up",
                "#95 % interval", "#of so many threads");
        List<Item> items = new ArrayList<>();
        List<String> sentences = new ArrayList<>();
        all.forEach((pair, speedups) -> {
            boolean isDrawn = findings.preferred(pair.group()).equals(Optional.of(pair.own().name()));
            if (pair.group().suite().equals(Group.NETWORKS)) {
                speedups.ratios().forEach(ratio -> add(table, isDrawn ? items : new ArrayList<>(),
                        ratio.workload().name(), pair, Dot.of(ratio.speed())));
            } else {
                add(table, isDrawn ? items : new ArrayList<>(), pair.group().shortLabel() + ", mean of "
                        + speedups.ratios().size(), pair, Dot.of(speedups));
            }
            if (isDrawn) {
                sentences.add(pair.group().label() + ", " + Phrases.nameAndTypes(pair.own()) + ", on "
                        + Phrases.threads(pair.own().threads()) + ": " + Phrases.ratio(speedups.mean().value()));
            }
        });
        DotChart chart = new DotChart("scaling", title, "Geometric means: " + String.join("; ", sentences) + ".",
                "speed over one thread (ratio)", List.of("speed-up"), items);
        return Section.ofFigures("scaling", "Scaling over threads", List.of("How many times as fast the same contender "
                + "is with more threads as with one, measured in turns. As many times as there are threads would be "
                + "perfect; small workloads and those that wait for memory stay below."),
                List.of(new Section.Figure(chart, "Means have a thin line from the least to the most. The chart "
                        + "shows the contender that stands for this library, the table all.",
                        table.build())));
    }

    private static void add(PageTable.Builder table, List<Item> items, String what, Pair pair, Dot dot) {
        int threads = pair.own().threads();
        table.row(what, pair.own().name(), pair.own().types(), threads, Phrases.ratio(dot.ratio().value()),
                Phrases.interval(dot.ratio()), Phrases.percent(dot.ratio().value() / threads));
        items.add(new Item(what + ", " + pair.own().types() + ", x" + threads,
                List.of(Optional.of(dot))));
    }
}
