package io.tersor.bench.jmh;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.gemm.MatMulWorkload;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import io.tersor.kernel.Backend;
import io.tersor.kernel.PrepareOptions;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** MatMul on every backend, INT8 against f32, one thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MatMulBenchmark {
    /** Extents as {@code m x k x n}. */
    @Param({"1x1024x1024", "128x768x768", "1024x1024x1024"})
    public String shape;

    /** {@code u8s8u8} or {@code f32}. */
    @Param({"u8s8u8", "f32"})
    public String types;

    /** A backend's label. */
    @Param({"onednn", "native", "vector", "scalar"})
    public String backend;

    private MatMulWorkload workload;
    private ProductContender contender;

    /** Prepares and verifies. */
    @Setup
    public void prepare() {
        String[] extents = shape.split("x");
        workload = new MatMulWorkload(new GemmShape(Integer.parseInt(extents[0]), Integer.parseInt(extents[1]),
                Integer.parseInt(extents[2])), ProductTypes.of(types), WeightZeros.NONE);
        contender = workload.prepare(PrepareOptions.DEFAULT.on(Backend.valueOf(backend.toUpperCase(Locale.ROOT))), 1);
    }

    /** Multiplies. */
    @Benchmark
    public long matMul() {
        return contender.time(1);
    }

    /** Frees. */
    @TearDown
    public void close() {
        contender.close();
        workload.close();
    }
}
