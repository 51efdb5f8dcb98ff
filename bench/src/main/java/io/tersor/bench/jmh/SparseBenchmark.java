package io.tersor.bench.jmh;

import io.tersor.bench.measure.Contender;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.sparse.SparseCase;
import io.tersor.bench.sparse.SparseContender;
import io.tersor.bench.suite.Own;
import io.tersor.sparse.SparseFormat;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Products with sparse weights; {@link ConvBenchmark} has the same shapes with all weights. */
@SetupSeconds(4)
public class SparseBenchmark extends WorkloadBenchmark {
    /** The name of one of the shapes that sparse weights are measured on. */
    @Param({"512x7x7 512 3x3 p1", "256x14x14 256 3x3 p1"})
    public String shape;

    /** Types of src, weights and dst. */
    @Param("u8s8u8")
    public String types;

    /** How the weights are stored. */
    @Param({"32x4", "1x4", "csr"})
    public String format;

    /** The share of zeros. */
    @Param({"0.8", "0.95"})
    public double sparsity;

    /** A backend's label, or {@code auto}. */
    @Param("native")
    public String backend;

    @Override
    Contender contender() {
        List<ProductShape> shapes = SparseCase.shapes(List.of("sparse")).stream()
                .filter(one -> one.toString().equals(shape)).toList();
        if (shapes.isEmpty()) {
            throw new IllegalArgumentException("shape: expected one of the list sparse, got '" + shape + "'");
        }
        SparseCase what = SparseCase.all(shapes, ProductTypes.of(types), List.of(SparseFormat.parse(format)),
                List.of(sparsity)).getFirst();
        ProductWorkload workload = what.shape().workload(what.types(), what.zeros());
        closeLater(workload::close);
        return SparseContender.prepare(what.format(), workload, Own.options(backend), _ -> 1);
    }

    /** Runs. */
    @Benchmark
    public long sparse() {
        return run(1);
    }
}
