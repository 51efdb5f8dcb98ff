package io.tersor.bench.suite;

import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.WorkloadName;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Dense products: on one shape all types, backends, peers and numbers of threads take turns. */
abstract class ProductSuite implements Suite {
    private static final String COLD = "cold";

    /** Returns the parts of a plan. */
    abstract List<Plan.ProductPart> parts(Plan plan);

    /** Returns the shapes of a list's name or a file. */
    abstract List<? extends ProductShape> shapes(String nameOrFile);

    @Override
    public final List<Step> steps(Plan plan) {
        List<Step> steps = new ArrayList<>();
        for (Plan.ProductPart part : parts(plan)) {
            WarmUp warmUp = new WarmUp(part.seconds());
            part.shapes().stream().flatMap(list -> shapes(list).stream()).distinct()
                    .forEach(shape -> steps.add(new ProductStep(part, shape, warmUp)));
        }
        return steps;
    }

    private final class ProductStep implements Step {
        private final Plan.ProductPart part;
        private final ProductShape shape;
        private final WarmUp warmUp;

        ProductStep(Plan.ProductPart part, ProductShape shape, WarmUp warmUp) {
            this.part = part;
            this.shape = shape;
            this.warmUp = warmUp;
        }

        @Override
        public String name() {
            return shape + (part.cold() ? " " + COLD : "");
        }

        @Override
        public List<Row> measure(SuiteTools tools) {
            Map<String, Object> parameters = new LinkedHashMap<>(shape.extents());
            parameters.put(COLD, part.cold());
            List<ProductWorkload> workloads = new ArrayList<>();
            List<Parallelism> pools = new ArrayList<>();
            try (Lineup lineup = new Lineup(new WorkloadName(ProductSuite.this.name(), name(), parameters))) {
                for (int threads : Plan.threads(part.threads())) {
                    pools.add(Parallelism.of(threads));
                }
                part.contenders().forEach((types, contenders) -> {
                    ProductWorkload workload = shape.workload(ProductTypes.of(types), WeightZeros.NONE);
                    workloads.add(workload);
                    for (Parallelism pool : pools) {
                        contenders.forEach(contender -> add(lineup, contender, workload, pool, tools));
                    }
                });
                return lineup.measure(warmUp, part.seconds());
            } finally {
                pools.forEach(Parallelism::close);
                workloads.forEach(ProductWorkload::close);
            }
        }

        private void add(Lineup lineup, String contender, ProductWorkload workload, Parallelism pool,
                SuiteTools tools) {
            ContenderName who = new ContenderName(contender, Own.is(contender), workload.types().label(),
                    pool.threads());
            int copies = part.cold() ? tools.coldCopies(workload.weights().byteSize()) : 1;
            lineup.add(who, () -> ProductEntrants.of(workload, ProductEntrants.prepare(workload, contender,
                    PrepareOptions.DEFAULT.with(pool), copies, tools.peers())));
        }
    }
}
