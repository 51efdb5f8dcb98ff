package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.measure.Rounds;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.WorkloadName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The contenders on one workload: prepared, verified, then timed in turns. Closing closes them. For one thread.
 */
public final class Lineup implements AutoCloseable {
    private final WorkloadName workload;
    private final List<Row> without = new ArrayList<>();
    private final List<ContenderName> names = new ArrayList<>();
    private final List<Entrant> entrants = new ArrayList<>();

    /** Starts without contenders. */
    public Lineup(WorkloadName workload) {
        this.workload = workload;
    }

    /**
     * Adds a contender, or a row that says why it is not measured.
     *
     * @param preparation prepares and verifies it; a {@link VerificationException} makes its row wrong, another
     *     {@link TersorException} unsupported
     */
    public void add(ContenderName name, Supplier<Entrant> preparation) {
        try {
            entrants.add(preparation.get());
            names.add(name);
        } catch (VerificationException e) {
            without.add(Row.without(workload, name, Row.Status.WRONG, e.getMessage()));
        } catch (TersorException e) {
            without.add(Row.without(workload, name, Row.Status.UNSUPPORTED, e.getMessage()));
        }
    }

    /**
     * Times all in turns.
     *
     * @param seconds how long each
     * @return a row for each that was added, the ones that were not measured last
     */
    public List<Row> measure(WarmUp warmUp, double seconds) {
        List<Row> rows = new ArrayList<>();
        if (!entrants.isEmpty()) {
            List<Contender> contenders = entrants.stream().map(Entrant::contender).toList();
            contenders.forEach(warmUp::run);
            Rounds rounds = Rounds.of(contenders, seconds);
            for (int i = 0; i < entrants.size(); i++) {
                rows.add(row(i, rounds));
            }
        }
        rows.addAll(without);
        return rows;
    }

    /** Speeds are told of our own contenders, over all others; of others they would be the reciprocals. */
    private Row row(int index, Rounds rounds) {
        Entrant entrant = entrants.get(index);
        Map<String, Estimate> speeds = new LinkedHashMap<>();
        for (int other = 0; other < entrants.size() && names.get(index).own(); other++) {
            if (other != index) {
                speeds.put(names.get(other).id(), Estimate.single(rounds.speed(index, other)));
            }
        }
        return new Row(workload, names.get(index), Row.Status.MEASURED, Optional.empty(),
                Optional.of(entrant.contender().kernel()), entrant.isa(), entrant.operations(), entrant.bytes(),
                Optional.of(Estimate.single(rounds.timing(index).medianMicros())), speeds,
                entrant.limit().map(name -> new Row.Share(name, 0)), entrant.details());
    }

    @Override
    public void close() {
        entrants.forEach(entrant -> entrant.contender().close());
    }
}
