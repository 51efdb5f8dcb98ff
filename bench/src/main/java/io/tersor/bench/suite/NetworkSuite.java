package io.tersor.bench.suite;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.measure.WarmUp;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Whole networks: a step for each, in which all recipes, contenders and numbers of threads take turns. */
public final class NetworkSuite implements Suite {
    /** Its name. */
    static final String NAME = "networks";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<Step> steps(Plan plan) {
        List<Step> steps = new ArrayList<>();
        for (Plan.NetworkPart part : plan.networks()) {
            List<Integer> threads = Plan.threads(part.threads());
            steps.add(new WorkloadStep(part.network(), tools -> new NetworkComparison(
                    ModelFiles.in(tools.work(), part.network(), OptionalInt.empty()), NAME, Optional.empty(),
                    part.recipes(), part.contenders(), threads), new WarmUp(part.seconds()), part.seconds()));
        }
        return steps;
    }
}
