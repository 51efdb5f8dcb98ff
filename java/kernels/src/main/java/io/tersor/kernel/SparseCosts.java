package io.tersor.kernel;

import io.tersor.TersorException;
import io.tersor.ffm.Isa;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How long libtersor's sparse kernels take, as a share of the time of the fastest dense kernel: fixed + slope * kept,
 * where kept is the share of units with a weight that is not zero. Lines fitted to a measurement, see the table.
 *
 * @param rows one for each instruction set, types and arrangement that was measured
 */
record SparseCosts(List<Row> rows) {
    private static final String RESOURCE = "costs/sparse.tsv";
    private static final int CELLS = 5;

    /**
     * One line.
     *
     * @param types {@code i8} or {@code f32}
     * @param unit {@code 32} for steps that 32 outputs share, {@code 1} for those of single outputs, {@code 0} for single
     *        weights of s8
     */
    record Row(Isa isa, String types, int unit, double fixed, double slope) {
        /** Returns the share of the dense time. */
        double share(double kept) {
            return fixed + slope * kept;
        }

        private static Row parse(String line) {
            String[] cells = line.split("\t", -1);
            if (cells.length != CELLS) {
                throw new TersorException(RESOURCE + ": expected isa, types, unit, fixed, slope, got " + line);
            }
            return new Row(Isa.valueOf(cells[0].toUpperCase(Locale.ROOT)), cells[1], Integer.parseInt(cells[2]), Double.parseDouble(cells[3]),
                    Double.parseDouble(cells[4]));
        }
    }

    private static final class Standard {
        private static final SparseCosts TABLE = read();
    }

    /** Returns the library's own table, read once. */
    static SparseCosts standard() {
        return Standard.TABLE;
    }

    private static SparseCosts read() {
        try (InputStream in = SparseCosts.class.getResourceAsStream(RESOURCE)) {
            if (in == null) {
                throw new TersorException(RESOURCE + " is missing beside " + SparseCosts.class.getName());
            }
            return new SparseCosts(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
                    .filter(line -> !line.startsWith("#")).map(Row::parse).toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns what was measured for an arrangement. */
    Optional<Row> find(Isa isa, String types, int unit) {
        return rows.stream().filter(row -> row.isa == isa && row.types.equals(types) && row.unit == unit).findFirst();
    }
}
