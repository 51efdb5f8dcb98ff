package io.tersor.bench.suite;

import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.results.Row;
import java.util.List;
import java.util.function.Function;

/**
 * A step that times all contenders of one workload.
 *
 * @param opening makes the workload
 * @param warmUp shared by the steps of a part
 * @param seconds how long to time each contender
 */
record WorkloadStep(String name, Function<SuiteTools, Workload> opening, WarmUp warmUp, double seconds)
        implements Suite.Step {
    @Override
    public List<Row> measure(SuiteTools tools) {
        try (Workload workload = opening.apply(tools); Lineup lineup = new Lineup(workload.name())) {
            workload.contenders().forEach(who -> lineup.add(who, () -> workload.prepare(who)));
            return lineup.measure(warmUp, seconds);
        }
    }
}
