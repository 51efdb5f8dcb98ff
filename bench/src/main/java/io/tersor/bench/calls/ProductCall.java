package io.tersor.bench.calls;

import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.suite.Entrant;
import io.tersor.bench.suite.Own;
import io.tersor.bench.suite.ProductEntrants;
import io.tersor.bench.suite.ProductVariants;
import io.tersor.bench.suite.Workload;
import java.util.List;

/** A run of a prepared product that is so small that the way to the kernel is what takes time. */
final class ProductCall implements Workload {
    private static final List<String> TYPES =
            List.of(ProductTypes.U8S8U8.label(), ProductTypes.F32F32F32.label());

    private final String name;
    private final List<String> contenders;
    private final ProductVariants variants;

    ProductCall(String name, ProductShape shape, List<String> contenders) {
        this.name = name;
        this.contenders = contenders;
        this.variants = new ProductVariants(shape);
    }

    @Override
    public WorkloadName name() {
        return new WorkloadName(Call.SUITE, name, variants.shape().extents());
    }

    @Override
    public List<ContenderName> contenders() {
        return ProductVariants.names(TYPES, contenders);
    }

    @Override
    public Entrant prepare(ContenderName contender) {
        ProductWorkload workload = variants.of(contender.types());
        return ProductEntrants.of(workload, workload.prepare(Own.options(contender.name()), 1));
    }

    @Override
    public void close() {
        variants.close();
    }
}
