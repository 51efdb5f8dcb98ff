package io.tersor.kernel;

import io.tersor.TersorException;
import io.tersor.ffm.Isa;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * How long backends take for operations of some types and sizes, as measured on one machine at one instruction set.
 * The library brings a table for each instruction set that could be measured; {@link CostSweep} makes them.
 *
 * <p>As text, UTF-8: the line {@value #FIRST_LINE}; lines {@code # key: value} for isa, machine, libraries and date;
 * the line of the columns' names; then one line for each measurement, its cells separated by tabs: op, types, m, k, n,
 * backend, threads, micros. Sizes are positive.
 *
 * @param isa what was measured at, by its {@link Isa#label()}
 * @param machine the CPU's name
 * @param libraries the backends' versions
 * @param date the day of the measurement
 * @param rows the measurements; several backends' for one point
 */
public record CostTable(String isa, String machine, String libraries, String date, List<Row> rows) {
    private static final String FIRST_LINE = "# tersor cost table 1";
    private static final List<String> HEADER = List.of("isa", "machine", "libraries", "date");
    private static final String COLUMNS = "op\ttypes\tm\tk\tn\tbackend\tthreads\tmicros";
    private static final int COLUMN_COUNT = COLUMNS.split("\t").length;

    /** The op of {@link MatMulSpec}. */
    static final String MATMUL = "matmul";

    /** Copies the rows. */
    public CostTable {
        rows = List.copyOf(rows);
    }

    /**
     * One measurement.
     *
     * @param types of src and weights, such as {@code u8s8}, or one name where they are the same
     * @param micros the time of one run
     */
    public record Row(String op, String types, long m, long k, long n, Backend backend, int threads, double micros) {
        /** Returns the square of the distance to another point where every doubling counts 1. */
        private double distance(long otherM, long otherK, long otherN, int otherThreads) {
            return square(m, otherM) + square(k, otherK) + square(n, otherN) + square(threads, otherThreads);
        }

        private static double square(long a, long b) {
            double doublings = Math.log((double) Math.max(1, a) / Math.max(1, b)) / Math.log(2);
            return doublings * doublings;
        }

        private boolean isAt(Row other) {
            return m == other.m && k == other.k && n == other.n && threads == other.threads;
        }

        private String line() {
            return String.format(Locale.ROOT, "%s\t%s\t%d\t%d\t%d\t%s\t%d\t%.2f", op, types, m, k, n, backend.label(),
                    threads, micros);
        }

        private static Row parse(String line) {
            String[] cells = line.split("\t", -1);
            if (cells.length != COLUMN_COUNT) {
                throw new IllegalArgumentException("expected the cells " + COLUMNS.replace('\t', ' '));
            }
            Row row = new Row(cells[0], cells[1], Long.parseLong(cells[2]), Long.parseLong(cells[3]),
                    Long.parseLong(cells[4]), Backend.valueOf(cells[5].toUpperCase(Locale.ROOT)),
                    Integer.parseInt(cells[6]), Double.parseDouble(cells[7]));
            if (Math.min(Math.min(row.m, row.k), Math.min(row.n, row.threads)) < 1 || !(row.micros >= 0)) {
                throw new IllegalArgumentException("expected sizes of at least 1 and a time of at least 0");
            }
            return row;
        }
    }

    /** Returns the library's own table for an instruction set; empty where there is none. */
    static Optional<CostTable> of(Isa isa) {
        try (InputStream in = CostTable.class.getResourceAsStream("costs/" + isa.label() + ".tsv")) {
            return in == null ? Optional.empty()
                    : Optional.of(parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Returns the table of a text.
     *
     * @throws TersorException naming the line that is wrong
     */
    public static CostTable parse(String text) {
        List<String> lines = text.lines().toList();
        Map<String, String> header = new LinkedHashMap<>();
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < Math.max(HEADER.size() + 2, lines.size()); i++) {
            String line = i < lines.size() ? lines.get(i) : "";
            try {
                if (i == 0 || i == HEADER.size() + 1) {
                    expect(i == 0 ? FIRST_LINE : COLUMNS, line);
                } else if (i <= HEADER.size()) {
                    String start = "# " + HEADER.get(i - 1) + ": ";
                    expect(start, line.substring(0, Math.min(start.length(), line.length())));
                    header.put(HEADER.get(i - 1), line.substring(start.length()));
                } else {
                    rows.add(Row.parse(line));
                }
            } catch (IllegalArgumentException e) {
                throw new TersorException("cost table, line " + (i + 1) + ": " + e.getMessage(), e);
            }
        }
        return new CostTable(header.get("isa"), header.get("machine"), header.get("libraries"), header.get("date"), rows);
    }

    private static void expect(String expected, String found) {
        if (!found.equals(expected)) {
            throw new IllegalArgumentException("expected " + expected + ", got " + found);
        }
    }

    /** Returns the text that {@link #parse} reads. */
    public String format() {
        List<String> lines = new ArrayList<>(List.of(FIRST_LINE, "# isa: " + isa, "# machine: " + machine,
                "# libraries: " + libraries, "# date: " + date, COLUMNS));
        rows.forEach(row -> lines.add(row.line()));
        return String.join("\n", lines) + "\n";
    }

    /**
     * Returns the measurements of the point that is nearest to a multiplication, fastest first: the sum of the squares
     * of log2(m / m'), log2(k / k'), log2(n / n') and log2(threads / threads') is smallest. Of points as near as each
     * other the first in the table counts. Empty if its types were not measured, or not with several threads where
     * several are asked for: one thread's figures do not tell how backends bear each other's threads.
     */
    List<Row> nearest(MatMulSpec spec, long m, int threads) {
        String types = types(spec);
        List<Row> known = rows.stream().filter(row -> row.op.equals(MATMUL) && row.types.equals(types)
                && row.threads > 1 == threads > 1).toList();
        return known.stream()
                .min(Comparator.comparingDouble(row -> row.distance(m, spec.k(), spec.n(), threads)))
                .map(best -> known.stream().filter(best::isAt).sorted(Comparator.comparingDouble(Row::micros)).toList())
                .orElse(List.of());
    }

    /** Returns the name of a multiplication's types in the table. */
    static String types(MatMulSpec spec) {
        return spec.src() == spec.weights() && spec.src().isFloating() ? spec.src().label()
                : spec.src().label() + spec.weights().label();
    }

    /** Returns what was measured where and when. */
    @Override
    public String toString() {
        return isa + " on " + machine + ", " + date;
    }
}
