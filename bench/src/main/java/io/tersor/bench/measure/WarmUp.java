package io.tersor.bench.measure;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.HashSet;
import java.util.Set;

/**
 * Runs contenders until they get no faster. Those of the Vector API are slower by a factor of thousands until the JVM
 * has compiled them for good, which takes seconds, once; the others are warm soon. A JVM that compiles in the foreground
 * ({@code -Xbatch}) is done with it as soon as the times are steady. Not thread-safe.
 */
public final class WarmUp {
    private static final double SLICE_SHARE = 1.0 / 15;
    private static final double MAX_SECONDS = 10;
    /** The shortest warm-up over the time that is timed. */
    private static final double SHARE = 0.3;
    /** The same for what is slow to compile and new, up to {@link #MAX_SLOW_NANOS}. */
    private static final double SLOW_SHARE = 15;
    private static final double MAX_SLOW_NANOS = 5e9;
    private static final double MIN_SLOW_NANOS = 1e9;
    /** The same where nothing is compiled unnoticed. */
    private static final double MIN_FOREGROUND_NANOS = 2e8;
    /** The compiler must get its turn between two looks at what it has done. */
    private static final double MIN_SLOW_SLICE_NANOS = 3e7;
    /** Slices without a faster run or a finished compilation, after which a contender is warm. */
    private static final int STEADY_SLICES = 4;
    private static final double STEADY = 0.98;

    private final CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    private final Set<String> known = new HashSet<>();
    private final double timedNanos;
    private final double mostNanos;
    private final boolean foreground;

    /** @param seconds how long a contender is timed */
    public WarmUp(double seconds) {
        this(seconds, MAX_SECONDS);
    }

    /**
     * @param seconds how long a contender is timed
     * @param most seconds after which it counts as warm
     */
    public WarmUp(double seconds, double most) {
        this.timedNanos = seconds * 1e9;
        this.mostNanos = most * 1e9;
        this.foreground = !Boolean.parseBoolean(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .getVMOption("BackgroundCompilation").getValue());
    }

    private double leastNanos(Contender contender) {
        if (!contender.isSlowToCompile() || !known.add(contender.kernel())) {
            return SHARE * timedNanos;
        }
        return foreground ? MIN_FOREGROUND_NANOS
                : Math.clamp(SLOW_SHARE * timedNanos, MIN_SLOW_NANOS, MAX_SLOW_NANOS);
    }

    /** Runs a contender until it is warm. */
    public void run(Contender contender) {
        double least = leastNanos(contender);
        double slice = Math.max(SLICE_SHARE * timedNanos, contender.isSlowToCompile() ? MIN_SLOW_SLICE_NANOS : 0);
        double fastest = Double.POSITIVE_INFINITY;
        long compiled = compiler.getTotalCompilationTime();
        int steady = 0;
        double total = 0;
        while (total < mostNanos && (total < least || steady < STEADY_SLICES)) {
            long start = System.nanoTime();
            double before = fastest;
            fastest = Math.min(fastest, Rounds.fastest(contender, slice));
            long now = compiler.getTotalCompilationTime();
            steady = fastest < STEADY * before || now != compiled ? 0 : steady + 1;
            compiled = now;
            total += System.nanoTime() - start;
        }
    }
}
