package io.tersor.bench.suite;

import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.sparse.SparseCase;
import io.tersor.bench.sparse.SparseContender;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.sparse.SparseFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Products with sparse weights, each beside dense kernels on the same weights; one thread. */
final class SparseSuite implements Suite {
    @Override
    public String name() {
        return "sparse";
    }

    @Override
    public List<Step> steps(Plan plan) {
        List<Step> steps = new ArrayList<>();
        for (Plan.SparsePart part : plan.sparse()) {
            WarmUp warmUp = new WarmUp(part.seconds());
            for (String types : part.types()) {
                List<SparseFormat> formats = part.formats().stream().map(SparseFormat::parse).toList();
                SparseCase.all(SparseCase.shapes(part.shapes()), ProductTypes.of(types), formats,
                        part.sparsities()).forEach(what -> steps.add(new SparseStep(part, what, warmUp)));
            }
        }
        return steps;
    }

    private record SparseStep(Plan.SparsePart part, SparseCase what, WarmUp warmUp) implements Step {
        @Override
        public String name() {
            return String.format(Locale.ROOT, "%s %s %.0f %% %s", what.shape(), what.format(), 100 * what.sparsity(),
                    what.types().label());
        }

        @Override
        public List<Row> measure(SuiteTools tools) {
            Map<String, Object> parameters = new LinkedHashMap<>(what.shape().extents());
            parameters.put("format", what.format().label());
            parameters.put("sparsity", what.sparsity());
            try (ProductWorkload workload = what.shape().workload(what.types(), what.zeros());
                    Parallelism pool = Parallelism.of(1);
                    Lineup lineup = new Lineup(new WorkloadName("sparse", name(), parameters))) {
                PrepareOptions base = PrepareOptions.DEFAULT.with(pool);
                PrepareOptions options = Own.options(part.backend(), base).orElseThrow();
                lineup.add(name(part.backend() + "/" + what.format(), true), () -> ProductEntrants.of(workload,
                        SparseContender.prepare(what.format(), workload, options, _ -> 1)));
                for (String dense : part.dense()) {
                    lineup.add(name(dense, Own.is(dense)), () -> ProductEntrants.of(workload,
                            ProductEntrants.prepare(workload, dense, base.dense(), 1, tools.peers())));
                }
                return lineup.measure(warmUp, part.seconds());
            }
        }

        private ContenderName name(String name, boolean own) {
            return new ContenderName(name, own, what.types().label(), 1);
        }
    }
}
