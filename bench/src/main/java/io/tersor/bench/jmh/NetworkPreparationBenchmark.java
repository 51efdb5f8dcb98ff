package io.tersor.bench.jmh;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.preparation.NetworkPreparation;
import java.util.List;
import java.util.OptionalInt;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** From the ONNX file of a network to one that can run, and its end. */
@SetupSeconds(8)
public class NetworkPreparationBenchmark extends WorkloadBenchmark {
    /** A network's name, or an ONNX file. */
    @Param({"resnet50", "mobilenet-v2"})
    public String network;

    /** What is done to it first, {@code none} or a recipe. */
    @Param({"none", "int8"})
    public String recipe;

    /** A backend's label, {@code auto}, or {@code onnxruntime}. */
    @Param({"auto", "onednn", "onnxruntime"})
    public String backend;

    @Override
    Contender contender() {
        return first(new NetworkPreparation(ModelFiles.in(work(), network, OptionalInt.empty()), List.of(recipe),
                List.of(backend)));
    }

    /** Runs. */
    @Benchmark
    public long prepare() {
        return run(1);
    }
}
