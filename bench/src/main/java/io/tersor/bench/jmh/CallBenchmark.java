package io.tersor.bench.jmh;

import io.tersor.bench.calls.Call;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.suite.Own;
import io.tersor.bench.suite.Workload;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;

/** Calls of kernels that have next to nothing to do; see {@link EmptyCallBenchmark} for a call alone. */
@SetupSeconds(2)
public class CallBenchmark extends WorkloadBenchmark {
    /** Timed together: one alone takes less than the clock needs. */
    private static final int CALLS = 1000;

    /** What is called. */
    @Param({"MATMUL", "CONVOLUTION"})
    public Call call;

    /** Types of src, weights and dst. */
    @Param({"u8s8u8", "f32"})
    public String types;

    /** A backend's label, or {@code auto}. */
    @Param({"native", "vector", "onednn", "scalar"})
    public String backend;

    @Override
    Contender contender() {
        Workload workload = call.open(List.of(backend), work());
        closeLater(workload::close);
        return workload.prepare(new ContenderName(backend, Own.is(backend), types, 1)).contender();
    }

    /** Runs. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public long call() {
        return run(CALLS);
    }
}
