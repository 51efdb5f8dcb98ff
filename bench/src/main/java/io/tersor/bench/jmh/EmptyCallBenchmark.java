package io.tersor.bench.jmh;

import io.tersor.bench.calls.Call;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.suite.Workload;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;

/** Calls of a native function that returns a constant. */
@SetupSeconds(2)
public class EmptyCallBenchmark extends WorkloadBenchmark {
    /** Timed together: one alone takes less than the clock needs. */
    private static final int CALLS = 1000;

    /** How it is linked. */
    @Param({"native/plain", "native/critical"})
    public String backend;

    @Override
    Contender contender() {
        Workload workload = Call.EMPTY.open(List.of(), work());
        closeLater(workload::close);
        return workload.prepare(workload.contenders().stream().filter(who -> who.name().equals(backend)).findFirst()
                .orElseThrow()).contender();
    }

    /** Runs. */
    @Benchmark
    @OperationsPerInvocation(CALLS)
    public long call() {
        return run(CALLS);
    }
}
