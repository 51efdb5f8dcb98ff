package io.tersor.bench.suite;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.OnnxRuntimePeer;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.preparation.MatMulPreparation;
import io.tersor.bench.preparation.NetworkPreparation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** The time before the first run: a step for each extent of weights and for each network. */
public final class PreparationSuite implements Suite {
    /** So much code takes part that the JVM is never done with compiling it; over the time that is timed. */
    private static final double WARM_UP_SHARE = 5;

    @Override
    public String name() {
        return MatMulPreparation.SUITE;
    }

    @Override
    public List<Step> steps(Plan plan) {
        List<Step> steps = new ArrayList<>();
        for (Plan.PreparationPart part : plan.preparation()) {
            WarmUp warmUp = new WarmUp(part.seconds(), WARM_UP_SHARE * part.seconds());
            List<String> backends = part.contenders().stream()
                    .filter(name -> !name.equals(OnnxRuntimePeer.NAME)).toList();
            Map<String, GemmShape> shapes = new LinkedHashMap<>();
            part.shapes().stream().flatMap(list -> GemmShape.LISTS.read(list).stream())
                    .forEach(shape -> shapes.putIfAbsent(MatMulPreparation.label(shape), shape));
            shapes.forEach((name, shape) -> steps.add(new WorkloadStep(name,
                    _ -> new MatMulPreparation(shape, part.types(), backends), warmUp, part.seconds())));
            for (String network : part.networks()) {
                steps.add(new WorkloadStep(network, tools -> new NetworkPreparation(
                        ModelFiles.in(tools.work(), network, OptionalInt.empty()), part.contenders()), warmUp,
                        part.seconds()));
            }
        }
        return steps;
    }
}
