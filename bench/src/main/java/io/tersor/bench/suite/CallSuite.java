package io.tersor.bench.suite;

import io.tersor.bench.calls.Call;
import io.tersor.bench.measure.WarmUp;
import java.util.Arrays;
import java.util.List;

/** The cost of calls: a step for each kind. */
public final class CallSuite implements Suite {
    @Override
    public String name() {
        return Call.SUITE;
    }

    @Override
    public List<Step> steps(Plan plan) {
        return plan.calls().stream().flatMap(part -> {
            WarmUp warmUp = new WarmUp(part.seconds());
            return Arrays.stream(Call.values()).map(call -> (Step) new WorkloadStep(call.label(),
                    tools -> call.open(part.contenders(), tools.work()), warmUp, part.seconds()));
        }).toList();
    }
}
