package io.tersor.bench.jmh;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.preparation.MatMulPreparation;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** From the weights of a matrix multiplication to a kernel, and its end. */
@SetupSeconds(3)
public class MatMulPreparationBenchmark extends WorkloadBenchmark {
    /** Extents as {@code m x k x n}. */
    @Param({"128x768x3072", "128x768x768"})
    public String shape;

    /** Types of src, weights and dst. */
    @Param({"u8s8u8", "f32"})
    public String types;

    /** A backend's label, or {@code auto}. */
    @Param({"native", "vector", "onednn"})
    public String backend;

    @Override
    Contender contender() {
        return first(new MatMulPreparation(GemmShape.of(shape), List.of(types), List.of(backend)));
    }

    /** Runs. */
    @Benchmark
    public long prepare() {
        return run(1);
    }
}
