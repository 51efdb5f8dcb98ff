package io.tersor.bench.jmh;

import io.tersor.bench.measure.Contender;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.suite.ProductEntrants;
import io.tersor.bench.suite.SuiteTools;
import io.tersor.bench.suite.WorkFolder;
import io.tersor.bench.suite.Workload;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A contender on a workload of the suites as JMH runs it: prepared and verified, then timed on one thread. How it is
 * measured stands here for all; {@link JmhBenchmarks} tells how long that takes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 2, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public abstract class WorkloadBenchmark {
    /** The property that names a folder in which forks find networks' files that another one has made. */
    static final String WORK_PROPERTY = "tersor.bench.work";

    private final Deque<Runnable> ends = new ArrayDeque<>();
    private Contender contender;

    /** Prepares and verifies a contender, which is closed by this class. */
    abstract Contender contender();

    /** Lets something be closed after the contender; what is handed over last is closed first. */
    final void closeLater(Runnable end) {
        ends.push(end);
    }

    /** Returns the prepared contender of a workload's first name, and closes the workload later. */
    final Contender first(Workload workload) {
        closeLater(workload::close);
        ContenderName who = workload.contenders().getFirst();
        return workload.prepare(who).contender();
    }

    /**
     * Returns a prepared backend or peer, and closes the workload later.
     *
     * @param cold whether runs take turns in copies of the weights that exceed the last-level cache
     */
    final Contender product(ProductWorkload workload, String backend, boolean cold) {
        closeLater(workload::close);
        SuiteTools tools = new SuiteTools(BenchLibrary.find("bench jmh"), Path.of(""));
        int copies = cold ? tools.coldCopies(workload.weights().byteSize()) : 1;
        return ProductEntrants.prepare(workload, backend, PrepareOptions.DEFAULT.with(Parallelism.SINGLE), copies,
                tools.peers());
    }

    /** Returns a folder for networks' files. */
    final Path work() {
        String shared = System.getProperty(WORK_PROPERTY, "");
        if (!shared.isEmpty()) {
            return Path.of(shared);
        }
        WorkFolder own = WorkFolder.temporary();
        closeLater(own::close);
        return own.path();
    }

    /** Prepares and verifies. */
    @Setup
    public final void setUp() {
        try {
            contender = contender();
        } catch (Throwable e) {
            ends.forEach(Runnable::run);
            throw e;
        }
    }

    /** Runs so often. */
    final long run(int runs) {
        return contender.time(runs);
    }

    /** Frees. */
    @TearDown
    public final void tearDown() {
        contender.close();
        ends.forEach(Runnable::run);
    }
}
