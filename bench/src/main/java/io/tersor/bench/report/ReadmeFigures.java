package io.tersor.bench.report;

import io.tersor.TersorException;
import io.tersor.bench.report.Speedups.Ratio;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The part of the README between its two markers: tables in Markdown, made from results. */
final class ReadmeFigures {
    static final String BEGIN = "<!-- figures: begin -->";
    static final String END = "<!-- figures: end -->";
    /** Suites whose time is that of arithmetic. */
    private static final Set<String> COMPUTES = Set.of(Group.GEMM, Group.CONV, Group.NETWORKS);
    private static final int COMMIT_LENGTH = 10;

    private final Findings findings;
    private final StringBuilder text = new StringBuilder();

    private ReadmeFigures(Results results) {
        this.findings = new Findings(results);
    }

    /**
     * Returns the README with the part between the markers replaced.
     *
     * @throws TersorException if the markers are not there, once each and in order
     */
    static String replace(String readme, Results results) {
        int begin = readme.indexOf(BEGIN);
        int end = readme.indexOf(END);
        if (begin < 0 || end < begin || readme.lastIndexOf(BEGIN) != begin || readme.lastIndexOf(END) != end) {
            throw new TersorException("README: expected " + BEGIN + " and " + END + ", once each and in this order");
        }
        return readme.substring(0, begin + BEGIN.length()) + "\n" + block(results) + readme.substring(end);
    }

    /** Returns what stands between the markers. */
    static String block(Results results) {
        ReadmeFigures figures = new ReadmeFigures(results);
        figures.origin();
        figures.networks();
        figures.peers();
        figures.precision();
        figures.sparse();
        figures.charts();
        return figures.text.toString();
    }

    private void origin() {
        Machine machine = findings.results().machine();
        Run run = findings.results().run();
        String versions = findings.results().versions().entrySet().stream()
                .map(version -> version.getKey() + " " + version.getValue()).collect(Collectors.joining(", "));
        line("Measured on " + run.date() + " on " + plain(machine.cpu()) + " (" + machine.cores() + " cores, "
                + "`" + machine.isa() + "`), commit " + shortCommit(run) + ",");
        line("by `scripts/tersor bench all`, plan " + plain(run.plan()) + ", " + run.forks() + " JVMs; "
                + plain(versions) + ".");
        line("Ratios of times taken in turns, 95 % intervals in brackets ([how they are made](docs/results.md),");
        line("[all figures](docs/results.json)).");
        int wrong = findings.rows(Row.Status.WRONG).size();
        if (wrong > 0) {
            line("Refused because of wrong results: " + wrong + ".");
        }
    }

    private static String shortCommit(Run run) {
        String commit = run.commit().orElse("unknown");
        return commit.substring(0, Math.min(COMMIT_LENGTH, commit.length())) + (run.modified() ? " with changes" : "");
    }

    private void networks() {
        Group group = new Group(Group.NETWORKS, false);
        List<List<String>> rows = new ArrayList<>();
        for (Row row : findings.results().rows()) {
            ContenderName own = row.contender();
            boolean isFp32 = Precision.of(own).equals(Optional.of(Precision.FP32));
            boolean isPreferred = findings.preferred(group).equals(Optional.of(own.name()));
            boolean isMain = isPreferred || Precision.of(own).equals(Optional.of(Precision.INT8))
                    && own.threads() == findings.fewestThreads(group);
            if (row.workload().suite().equals(Group.NETWORKS) && own.own() && isMain && !row.speeds().isEmpty()) {
                rows.add(List.of(row.workload().name(), own.types(), Phrases.name(own),
                        String.valueOf(own.threads()), isFp32 ? "" : speed(row, "onnxruntime INT8"),
                        speed(row, "onnxruntime FP32"), isFp32 ? "" : speed(row, own.name() + " FP32")));
            }
        }
        table("Whole networks:", List.of("network", "types", "Tersor", "#threads", "#over ONNX Runtime INT8",
                "#over ONNX Runtime FP32", "#over own FP32"), rows);
    }

    private static String speed(Row row, String other) {
        return Optional.ofNullable(row.speeds().get(other + " x" + row.contender().threads())).map(Phrases::ratio)
                .orElse("");
    }

    private void peers() {
        List<List<String>> rows = new ArrayList<>();
        findings.where(pair -> (pair.isOverPeer() || pair.isOverPeersFp32())
                && !pair.group().suite().equals(Group.NETWORKS) && findings.isPreferred(pair))
                .forEach((pair, speedups) -> rows.add(comparison(pair.group().label(),
                        Phrases.nameAndTypes(pair.own()), Phrases.nameAndTypes(pair.other()), speedups)));
        table("Matrix multiplications and convolutions, on the fewest threads:", List.of("what", "Tersor", "over",
                "#geometric mean", "#least", "#most", "#workloads"), rows);
    }

    private static List<String> comparison(String what, String own, String other, Speedups speedups) {
        return List.of(what, own, other, Phrases.ratio(speedups.mean()), at(speedups.least()), at(speedups.most()),
                String.valueOf(speedups.ratios().size()));
    }

    private static String at(Ratio ratio) {
        return Phrases.ratio(ratio.speed().value()) + " (" + ratio.workload().name() + ")";
    }

    private void precision() {
        List<List<String>> rows = new ArrayList<>();
        findings.where(pair -> pair.isInt8OverFp32() && COMPUTES.contains(pair.group().suite())
                && pair.own().threads() == findings.fewestThreads(pair.group()))
                .forEach((pair, speedups) -> rows.add(comparison(pair.group().label(),
                        Phrases.nameAndTypes(pair.own()), pair.other().types(), speedups)));
        table("INT8 over FP32 of the same contender, on the fewest threads:", List.of("what", "Tersor", "over",
                "#geometric mean", "#least", "#most", "#workloads"), rows);
    }

    private void sparse() {
        List<SparseSpeedups> formats = SparseSpeedups.of(findings.results().rows());
        TreeSet<Double> sparsities = new TreeSet<>();
        formats.forEach(format -> sparsities.addAll(format.bySparsity().keySet()));
        List<String> columns = new ArrayList<>(List.of("zeros"));
        sparsities.forEach(sparsity -> columns.add("#" + Phrases.percent(sparsity)));
        List<List<String>> rows = new ArrayList<>();
        for (SparseSpeedups format : formats) {
            List<String> row = new ArrayList<>();
            row.add(format.contender().name() + " " + format.contender().types());
            sparsities.forEach(sparsity -> row.add(Optional.ofNullable(format.bySparsity().get(sparsity))
                    .map(speedups -> Phrases.ratio(speedups.mean())).orElse("")));
            rows.add(row);
        }
        table("Sparse weights over the fastest dense contender on the same weights, geometric means:", columns, rows);
    }

    private void charts() {
        for (Chart chart : DocumentCharts.charts(findings)) {
            if (chart.id().equals("peers") || chart.id().startsWith("sparse-")) {
                line("");
                line("![" + plain(chart.description()) + "](docs/" + DocumentCharts.fileName(chart) + ")");
            }
        }
    }

    private void table(String heading, List<String> columns, List<List<String>> rows) {
        if (rows.isEmpty()) {
            return;
        }
        line("");
        line(heading);
        line("");
        line(columns.stream().map(column -> column.startsWith("#") ? column.substring(1) : column)
                .collect(Collectors.joining(" | ", "| ", " |")));
        line(columns.stream().map(column -> column.startsWith("#") ? "---:" : "---")
                .collect(Collectors.joining("|", "|", "|")));
        rows.forEach(row -> line(row.stream().map(ReadmeFigures::plain)
                .collect(Collectors.joining(" | ", "| ", " |"))));
    }

    private void line(String content) {
        text.append(content).append('\n');
    }

    /** Returns a text in which nothing is markup. */
    private static String plain(String content) {
        return content.replaceAll("([\\\\`*_\\[\\]<>|])", "\\\\$1");
    }
}
