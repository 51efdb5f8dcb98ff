package io.tersor.bench.compare;

import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Row;
import java.util.Optional;

/**
 * What one file tells of one name.
 *
 * @param own whether it is a figure of this library's own kernels
 * @param status whether there is a speed
 * @param reason why not, where there is none
 * @param speed of which more is better
 */
record Figure(boolean own, Row.Status status, Optional<String> reason, Optional<Estimate> speed) {
    static Figure of(boolean own, Estimate speed) {
        return new Figure(own, Row.Status.MEASURED, Optional.empty(), Optional.of(speed));
    }

    static Figure without(boolean own, Row.Status status, String reason) {
        return new Figure(own, status, Optional.of(reason), Optional.empty());
    }

    /** Returns the figure of a row's time. */
    static Figure ofTime(Row row) {
        return row.micros().map(micros -> of(row.contender().own(), micros.inverse()))
                .orElseGet(() -> without(row.contender().own(), row.status(), row.reason().orElse("not measured")));
    }
}
