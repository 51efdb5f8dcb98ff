package io.tersor.bench.suite;

import io.tersor.bench.measure.Contender;
import java.util.Map;
import java.util.Optional;

/**
 * A contender that is prepared and verified, with what its row tells besides times.
 *
 * @param isa the instruction set that it may use, where it tells
 * @param operations multiplications and additions of one run by weights that it stores; 0 where none are counted
 * @param bytes of weights, inputs and outputs, each counted once; 0 where none are counted
 * @param limit the name of what bounds it
 * @param details other figures, by names with units
 */
public record Entrant(Contender contender, Optional<String> isa, double operations, double bytes,
        Optional<String> limit, Map<String, Double> details) {
    /** Returns an entrant of which nothing is counted. */
    public static Entrant of(Contender contender) {
        return new Entrant(contender, Optional.empty(), 0, 0, Optional.empty(), Map.of());
    }
}
