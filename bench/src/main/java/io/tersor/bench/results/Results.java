package io.tersor.bench.results;

import io.tersor.TersorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;

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
        Results results;
        try {
            results = ResultsJson.MAPPER.readValue(Files.readString(file), Results.class);
        } catch (NoSuchFileException e) {
            throw new TersorException(file + ": no such file", e);
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be read: " + e.getMessage(), e);
        } catch (JacksonException e) {
            throw new TersorException(file + ": not a file of results: " + e.getOriginalMessage(), e);
        }
        if (results == null || results.schema != SCHEMA) {
            throw new TersorException(file + ": expected schema " + SCHEMA + ", got "
                    + (results == null ? "none" : results.schema));
        }
        return results;
    }

    /**
     * Writes a file: beside it first, then renamed.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    public void write(Path file) {
        TextFile.write(file, ResultsJson.MAPPER.writeValueAsString(this) + "\n");
    }

    /** Returns the rate of a limit with so many threads, where it was measured. */
    public OptionalDouble rate(String limit, int threads) {
        return limits.stream().filter(some -> some.name().equals(limit) && some.threads() == threads)
                .mapToDouble(Limit::rate).findFirst();
    }

    /** Returns the row of a key, if there is one. */
    public Optional<Row> row(String key) {
        return rows.stream().filter(row -> row.key().equals(key)).findFirst();
    }
}
