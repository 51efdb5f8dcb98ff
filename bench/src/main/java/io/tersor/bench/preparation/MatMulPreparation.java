package io.tersor.bench.preparation;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.suite.Entrant;
import io.tersor.bench.suite.Own;
import io.tersor.bench.suite.ProductVariants;
import io.tersor.bench.suite.Workload;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.PrepareOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From the weights of a matrix multiplication to a kernel that has packed them, and its end. */
public final class MatMulPreparation implements Workload {
    /** The suite's name. */
    public static final String SUITE = "preparation";

    private final GemmShape shape;
    private final List<String> types;
    private final List<String> contenders;
    private final ProductVariants variants;

    /**
     * Makes nothing yet.
     *
     * @param shape whose weights are prepared, for as many rows
     * @param contenders {@code auto} or backends' labels
     */
    public MatMulPreparation(GemmShape shape, List<String> types, List<String> contenders) {
        this.shape = shape;
        this.types = types;
        this.contenders = contenders;
        this.variants = new ProductVariants(shape);
    }

    /** Returns the name of the weights of a shape: {@code k x n}. */
    public static String label(GemmShape shape) {
        return shape.k() + "x" + shape.n();
    }

    @Override
    public WorkloadName name() {
        return new WorkloadName(SUITE, label(shape), shape.extents());
    }

    @Override
    public List<ContenderName> contenders() {
        return ProductVariants.names(types, contenders);
    }

    @Override
    public Entrant prepare(ContenderName contender) {
        ProductWorkload workload = variants.of(contender.types());
        PrepareOptions options = Own.options(contender.name());
        String kernel;
        String isa;
        try (ProductContender verified = workload.prepare(options, 1)) {
            kernel = verified.kernel();
            isa = verified.isa();
        }
        return new Entrant(new Preparation(contender.name(), kernel, () -> {
            try (Kernel _ = workload.kernel(options)) {
                // Prepared is all that it has to be.
            }
        }), Optional.of(isa), 0, 0, Optional.empty(), Map.of("weightBytes", (double) workload.weights().byteSize()));
    }

    @Override
    public void close() {
        variants.close();
    }
}
