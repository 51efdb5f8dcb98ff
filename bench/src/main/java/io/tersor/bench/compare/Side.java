package io.tersor.bench.compare;

import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.ResultsJson;
import io.tersor.bench.results.Run;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * One of the two files that are compared.
 *
 * @param times figures of times by {@link Row#key}; none in a baseline
 * @param speeds figures of speeds over peers
 */
record Side(Path file, Run run, Machine machine, Optional<Map<String, Figure>> times, Map<String, Figure> speeds) {
    /**
     * Reads a file of results, or a baseline.
     *
     * @throws io.tersor.TersorException naming the file if it is neither, or a row of which too few JVMs have a figure
     */
    static Side read(Path file) {
        JsonNode tree = ResultsJson.read(file);
        if (tree.has("speeds")) {
            Baseline baseline = ResultsJson.value(file, tree, Baseline.class, Baseline::schema);
            Map<String, Figure> speeds = new LinkedHashMap<>();
            baseline.speeds().forEach((name, forks) ->
                    speeds.put(name, Figure.of(true, Estimate.of(file + ": " + name, forks))));
            return new Side(file, baseline.run(), baseline.machine(), Optional.empty(), speeds);
        }
        Results results = ResultsJson.value(file, tree, Results.class, Results::schema);
        Map<String, Figure> times = new LinkedHashMap<>();
        results.rows().forEach(row -> times.put(row.key(), Figure.ofTime(row)));
        return new Side(file, results.run(), results.machine(), Optional.of(checked(file, times)),
                checked(file, PeerSpeeds.of(results)));
    }

    /** What forks have measured counts; a file's means and intervals are for people. */
    private static Map<String, Figure> checked(Path file, Map<String, Figure> figures) {
        figures.replaceAll((name, figure) -> new Figure(figure.own(), figure.status(), figure.reason(),
                figure.speed().map(speed -> Estimate.of(file + ": " + name, speed.forks()))));
        return figures;
    }

    /** Returns whether times of both are of one machine at one instruction set. */
    boolean isOfSameMachine(Side other) {
        return machine.cpu().equals(other.machine.cpu()) && machine.cores() == other.machine.cores()
                && machine.isa().equals(other.machine.isa());
    }

    /** Returns the machine as people name it. */
    String machineName() {
        return machine.cpu() + ", " + machine.cores() + " cores, " + machine.isa();
    }

    /** Returns a line of what it is: file, date, commit, machine. */
    String description() {
        return file + ": " + run.date() + run.commit().map(commit -> ", commit " + commit).orElse("")
                + (run.modified() ? " with changes" : "") + ", " + machineName();
    }
}
