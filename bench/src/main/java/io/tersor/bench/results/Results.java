package io.tersor.bench.results;

import io.tersor.TersorException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;

/**
 * All that one run of the suites has measured. Immutable.
 *
 * @param schema the version of the file's format: {@link #SCHEMA}
 * @param run when and how
 * @param machine where
 * @param versions of this library, the JVM's and peers' libraries, by name
 * @param limits of the machine
 * @param rows in the order of the plan
 */
public record Results(int schema, Run run, Machine machine, Map<String, String> versions, List<Limit> limits,
        List<Row> rows) {
    /** The version of the file's format. */
    public static final int SCHEMA = 1;

    /** Copies the collections. */
    public Results {
        versions = Collections.unmodifiableMap(new TreeMap<>(versions));
        limits = List.copyOf(limits);
        rows = List.copyOf(rows);
    }

    /**
     * Reads a file.
     *
     * @throws TersorException naming the file if it is missing or not of this format
     */
    public static Results read(Path file) {
        return ResultsJson.value(file, ResultsJson.read(file), Results.class, Results::schema);
    }

    /**
     * Writes a file: beside it first, then renamed.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    public void write(Path file) {
        ResultsJson.write(file, this);
    }

    /** Returns the rate of a limit with so many threads, where it was measured. */
    public OptionalDouble rate(String limit, int threads) {
        return Limit.rate(limits, limit, threads);
    }
}
