package io.tersor.bench.jmh;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.gemm.MatMulWorkload;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Matrix multiplications. */
@SetupSeconds(3)
public class GemmBenchmark extends WorkloadBenchmark {
    /** Extents as {@code m x k x n}. */
    @Param({"128x768x768", "1x4096x4096", "384x768x3072"})
    public String shape;

    /** Types of src, weights and dst. */
    @Param({"u8s8u8", "f32"})
    public String types;

    /** A backend's label, {@code auto}, or a peer's name. */
    @Param({"native", "vector", "onednn", "onednn-c"})
    public String backend;

    /** Whether runs take turns in copies of the weights that exceed the last-level cache. */
    @Param({"false"})
    public boolean cold;

    @Override
    Contender contender() {
        return product(new MatMulWorkload(GemmShape.of(shape), ProductTypes.of(types), WeightZeros.NONE), backend,
                cold);
    }

    /** Runs. */
    @Benchmark
    public long matMul() {
        return run(1);
    }
}
