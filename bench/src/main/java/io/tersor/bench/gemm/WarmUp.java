package io.tersor.bench.gemm;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.Set;

/**
 * Runs contenders until they get no faster. Kernels in Java take a second or more until the JVM has compiled them for
 * good, once; what is native is warm soon. Not thread-safe.
 */
final class WarmUp {
    private static final double SLICE_NANOS = 2e7;
    private static final double MIN_NANOS = 1e8;
    private static final double MIN_NANOS_OF_NEW_JAVA = 2e9;
    private static final double MAX_NANOS = 1e10;
    /** Slices without a faster run or a finished compilation, after which a contender is warm. */
    private static final int STEADY_SLICES = 4;
    private static final double STEADY = 0.98;

    private final CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    private final Set<String> known = new HashSet<>();

    /** Runs a contender until it is warm. */
    void run(Contender contender) {
        double least = known.add(contender.kernel()) && contender.isJava() ? MIN_NANOS_OF_NEW_JAVA : MIN_NANOS;
        double fastest = Double.POSITIVE_INFINITY;
        long compiled = compiler.getTotalCompilationTime();
        int steady = 0;
        double total = 0;
        while (total < MAX_NANOS && (total < least || steady < STEADY_SLICES)) {
            long start = System.nanoTime();
            double before = fastest;
            fastest = Math.min(fastest, Rounds.fastest(contender, SLICE_NANOS));
            long now = compiler.getTotalCompilationTime();
            steady = fastest < STEADY * before || now != compiled ? 0 : steady + 1;
            compiled = now;
            total += System.nanoTime() - start;
        }
    }
}
