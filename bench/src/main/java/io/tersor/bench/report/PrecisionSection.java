package io.tersor.bench.report;

import io.tersor.bench.report.DotChart.Dot;
import io.tersor.bench.report.DotChart.Item;
import io.tersor.bench.report.Speedups.Ratio;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** INT8 against FP32 of the same contender, for each workload. */
final class PrecisionSection {
    private PrecisionSection() {}

    static Section of(Findings findings) {
        List<Section.Figure> figures = new ArrayList<>();
        for (Group group : findings.groups()) {
            Map<Pair, Speedups> pairs = findings.where(pair -> pair.isInt8OverFp32() && pair.group().equals(group)
                    && pair.own().threads() == findings.fewestThreads(group));
            if (!pairs.isEmpty()) {
                figures.add(figure(group, pairs));
            }
        }
        return Section.ofFigures("int8", "INT8 against FP32", List.of("How many times as fast the same contender is in "
                + "INT8 as in FP32, on the same workload and with as many threads. To the right of 1, INT8 is faster."),
                figures);
    }

    private static Section.Figure figure(Group group, Map<Pair, Speedups> pairs) {
        int threads = pairs.keySet().iterator().next().own().threads();
        String title = "INT8 over FP32: " + group.label() + ", " + Phrases.threads(threads);
        Set<String> workloads = new LinkedHashSet<>();
        pairs.values().forEach(speedups -> speedups.ratios().forEach(ratio -> workloads.add(ratio.workload().name())));
        List<Item> items = new ArrayList<>();
        PageTable.Builder table = PageTable.of(title, "workload", "contender", "INT8", "FP32", "#speed-up",
                "#95 % interval");
        for (String workload : workloads) {
            List<Optional<Dot>> dots = new ArrayList<>();
            pairs.forEach((pair, speedups) -> {
                Optional<Ratio> ratio = speedups.ratios().stream()
                        .filter(some -> some.workload().name().equals(workload)).findFirst();
                dots.add(ratio.map(some -> Dot.of(some.speed())));
                ratio.ifPresent(some -> table.row(workload, pair.own().name(), pair.own().types(),
                        pair.other().types(), Phrases.ratio(some.speed().value()), Phrases.interval(some.speed())));
            });
            items.add(new Item(workload, dots));
        }
        List<String> series = pairs.keySet().stream().map(PrecisionSection::name).toList();
        List<String> findings = new ArrayList<>();
        pairs.forEach((pair, speedups) -> findings.add("With " + name(pair) + " INT8 is " + speedups.sentence()
                + "."));
        String finding = String.join(" ", findings);
        return new Section.Figure(new DotChart("int8-" + group.id(), title, finding, "speed of INT8 over FP32 (ratio)",
                series, items), finding, table.build());
    }

    private static String name(Pair pair) {
        return pair.own().types().equals("INT8") ? Phrases.name(pair.own()) : Phrases.nameAndTypes(pair.own());
    }
}
