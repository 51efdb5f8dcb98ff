package io.tersor.bench.jmh;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.suite.NetworkComparison;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** Whole networks, one sample. */
@SetupSeconds(8)
public class NetworkBenchmark extends WorkloadBenchmark {
    /** A network's name, or an ONNX file. */
    @Param({"resnet50", "digits-cnn", "mobilenet-v2", "bert-base-128"})
    public String network;

    /** What is done to it first, {@code none} or a recipe. */
    @Param({"none", "int8"})
    public String recipe;

    /** A backend's label, {@code auto}, or {@code onnxruntime}. */
    @Param({"auto", "vector", "onednn", "onnxruntime"})
    public String backend;

    @Override
    Contender contender() {
        return first(new NetworkComparison(ModelFiles.in(work(), network, OptionalInt.empty()), "networks",
                Optional.empty(), List.of(recipe), List.of(backend), List.of(1)));
    }

    /** Runs. */
    @Benchmark
    public long network() {
        return run(1);
    }
}
