package io.tersor.bench;

import io.tersor.bench.NetworkWorkload.Profile;
import io.tersor.bench.NetworkWorkload.StepTiming;
import io.tersor.bench.measure.Figures;
import io.tersor.bench.measure.Timing;
import io.tersor.cli.Table;
import io.tersor.model.StepInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured of one network.
 *
 * @param rows the library's own first, then the peers'
 * @param profile times of the steps
 * @param activationBytes activation memory of one run, inputs and outputs not counted
 * @param largestPairBytes results of two consecutive steps, of those two that have the most
 * @param loadMicros from the file to a network that can run inputs of the shapes that the file tells, the shortest
 * @param firstRunMicros the first run, with the plan for other shapes where there is one
 * @param operations multiplications and additions of a run's products, where they are known
 * @param peak what the machine could do at most, where that can be measured
 */
record ModelResult(List<Row> rows, Profile profile, long activationBytes, long largestPairBytes,
        double loadMicros, double firstRunMicros, OptionalDouble operations, Optional<Peak> peak) {
    /**
     * One contender.
     *
     * @param how the backend that was ordered, or the peer's version
     * @param speed how many times as fast as this one the library is
     * @param agreement of the library's outputs with this one's
     */
    record Row(String name, String how, String precision, Timing timing, double speed,
            Optional<Agreement> agreement) {}

    /**
     * What all threads together could do at most.
     *
     * @param limit its name
     * @param rate in operations per second
     */
    record Peak(String limit, double rate) {}

    private double tops() {
        return operations.getAsDouble() / rows.getFirst().timing.medianMicros() * 1e-6;
    }

    /** Adds what there is for JSON. */
    void addTo(Map<String, Object> figures) {
        figures.put("precision", rows.getFirst().precision);
        addTo(figures, rows.getFirst().timing);
        figures.put("kernelShare", profile.kernelShare());
        figures.put("operatorShare", profile.operatorShare());
        operations.ifPresent(all -> {
            figures.put("operations", all);
            figures.put("tops", tops());
        });
        peak.filter(_ -> operations.isPresent()).ifPresent(most -> {
            figures.put("limit", most.limit);
            figures.put("shareOfPeak", tops() * 1e12 / most.rate);
        });
        figures.put("activationBytes", activationBytes);
        figures.put("largestPairBytes", largestPairBytes);
        figures.put("loadMicros", loadMicros);
        figures.put("firstRunMicros", firstRunMicros);
        List<Map<String, Object>> peers = new ArrayList<>();
        for (Row row : rows.subList(1, rows.size())) {
            Map<String, Object> peer = new LinkedHashMap<>();
            peer.put("name", row.name);
            peer.put("version", row.how);
            peer.put("precision", row.precision);
            addTo(peer, row.timing);
            peer.put("speed", row.speed);
            row.agreement.ifPresent(agreement -> {
                peer.put("relativeError", agreement.relativeError());
                agreement.sameClass().ifPresent(share -> {
                    peer.put("sameClass", share);
                    peer.put("regret", agreement.regret());
                });
            });
            peers.add(peer);
        }
        figures.put("peers", peers);
        figures.put("kernels", profile.steps().stream().map(ModelResult::describe).toList());
    }

    private static void addTo(Map<String, Object> figures, Timing timing) {
        figures.put("medianMicros", timing.medianMicros());
        figures.put("minMicros", timing.minMicros());
        figures.put("lowerQuartileMicros", timing.lowMicros());
        figures.put("upperQuartileMicros", timing.highMicros());
        figures.put("runs", timing.runs());
    }

    private static Map<String, Object> describe(StepTiming timed) {
        StepInfo step = timed.step();
        Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("node", step.node());
        kernel.put("operator", step.operator());
        kernel.put("kernel", step.kernel());
        kernel.put("output", step.type() + " " + step.shape());
        kernel.put("medianMicros", timed.medianMicros());
        step.note().ifPresent(note -> kernel.put("note", note));
        return kernel;
    }

    /** Returns a row for each contender. */
    Table contenders() {
        Table table = new Table("contender", "precision", "median", "half of the runs", "least", "tersor over it",
                "outputs differ by");
        for (Row row : rows) {
            Timing timing = row.timing;
            table.row(row.name + " " + row.how, row.precision, Figures.time(timing.medianMicros()),
                    Figures.time(timing.lowMicros()) + " to " + Figures.time(timing.highMicros()),
                    Figures.time(timing.minMicros()),
                    row.agreement.isEmpty() ? "-" : String.format(Locale.ROOT, "%.2f x", row.speed),
                    row.agreement.map(agreement -> String.format(Locale.ROOT, "%.4f %%",
                            100 * agreement.relativeError())).orElse("-"));
        }
        return table;
    }

    /** Returns lines of what else there is. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        operations.ifPresent(all -> lines.add(String.format(Locale.ROOT,
                "%.2f billion operations in products: %.3f TOPS", all * 1e-9, tops())
                + peak.map(most -> String.format(Locale.ROOT, ", %.1f %% of what %s can do",
                        100 * tops() * 1e12 / most.rate, most.limit)).orElse("")));
        lines.addAll(List.of(
                String.format(Locale.ROOT, "kernels take %.1f %% of the time of a run, other operators %.1f %%",
                        100 * profile.kernelShare(), 100 * profile.operatorShare()),
                String.format(Locale.ROOT, "activation memory %s, %.2f times the two largest consecutive results, %s",
                        Figures.bytes(activationBytes), (double) activationBytes / Math.max(1, largestPairBytes),
                        Figures.bytes(largestPairBytes)),
                "loaded and prepared from the file in " + Figures.time(loadMicros) + ", first run "
                        + Figures.time(firstRunMicros)));
        profile.steps().stream().flatMap(timed -> timed.step().note().stream()).distinct()
                .forEach(note -> lines.add("note: " + note));
        return lines;
    }

    /** Returns a row for each step. */
    Table steps() {
        double sum = profile.steps().stream().mapToDouble(StepTiming::medianMicros).sum();
        Table table = new Table("step", "operator", "output", "time", "share", "kernel");
        for (StepTiming timed : profile.steps()) {
            table.row(timed.step().node(), timed.step().operator(), timed.step().type() + " " + timed.step().shape(),
                    Figures.time(timed.medianMicros()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * timed.medianMicros() / sum), timed.step().kernel());
        }
        return table;
    }
}
