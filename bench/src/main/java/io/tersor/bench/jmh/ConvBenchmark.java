package io.tersor.bench.jmh;

import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Convolutions of one image. */
@SetupSeconds(3)
public class ConvBenchmark extends WorkloadBenchmark {
    /** The name of one of the layers of ResNet-50 and MobileNetV2. */
    @Param({"64x56x56 64 3x3 p1", "512x7x7 512 3x3 p1", "1024x14x14 256 1x1"})
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
        return product(ConvShape.LISTS.named(shape).workload(ProductTypes.of(types), WeightZeros.NONE), backend, cold);
    }

    /** Runs. */
    @Benchmark
    public long conv2d() {
        return run(1);
    }
}
