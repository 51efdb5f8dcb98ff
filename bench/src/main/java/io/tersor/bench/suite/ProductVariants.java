package io.tersor.bench.suite;

import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;
import io.tersor.bench.results.ContenderName;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The operands of one shape in several types, made when they are first asked for. Closing frees them. */
public final class ProductVariants implements AutoCloseable {
    private final ProductShape shape;
    private final Map<String, ProductWorkload> workloads = new LinkedHashMap<>();

    /** Makes nothing yet. */
    public ProductVariants(ProductShape shape) {
        this.shape = shape;
    }

    /** Returns the names of contenders of one thread, in all types. */
    public static List<ContenderName> names(List<String> types, List<String> contenders) {
        return types.stream().flatMap(label -> contenders.stream()
                .map(name -> new ContenderName(name, Own.is(name), label, 1))).toList();
    }

    /** Returns the shape. */
    public ProductShape shape() {
        return shape;
    }

    /** Returns the operands in the types of a label. */
    public ProductWorkload of(String types) {
        return workloads.computeIfAbsent(types,
                label -> shape.workload(ProductTypes.of(label), WeightZeros.NONE));
    }

    @Override
    public void close() {
        workloads.values().forEach(ProductWorkload::close);
    }
}
