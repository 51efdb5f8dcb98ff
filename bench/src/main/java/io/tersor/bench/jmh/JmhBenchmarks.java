package io.tersor.bench.jmh;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * All benchmarks there are, and how long they take: the combinations of their parameters times the forks of each, and
 * of a fork its setup, warm-up and measurement.
 */
final class JmhBenchmarks {
    /** One benchmark a class. */
    static final List<Class<? extends WorkloadBenchmark>> ALL = List.of(GemmBenchmark.class, ConvBenchmark.class,
            SparseBenchmark.class, NetworkBenchmark.class, EmptyCallBenchmark.class, CallBenchmark.class,
            MatMulPreparationBenchmark.class, NetworkPreparationBenchmark.class);

    /** Parameters of which the quick way takes the first value only. */
    static final List<String> FIRST_ONLY = List.of("shape", "network");
    /** Forks of the quick way. */
    static final int QUICK_FORKS = 1;
    /** Iterations of the quick way, both of warm-up and measurement. */
    static final int QUICK_ITERATIONS = 2;

    private JmhBenchmarks() {}

    /** Returns the values of a parameter. */
    static List<String> values(Field parameter) {
        return List.of(parameter.getAnnotation(Param.class).value());
    }

    /** Returns the parameters of a benchmark. */
    static List<Field> parameters(Class<?> benchmark) {
        return Arrays.stream(benchmark.getFields()).filter(field -> field.isAnnotationPresent(Param.class)).toList();
    }

    /** Returns how many combinations of parameters there are. */
    static long combinations(Class<?> benchmark, boolean quick) {
        return parameters(benchmark).stream()
                .mapToLong(field -> quick && FIRST_ONLY.contains(field.getName()) ? 1 : values(field).size())
                .reduce(1, Math::multiplyExact);
    }

    /** Returns how long a benchmark takes with all its combinations, in seconds on 2 cores. */
    static double seconds(Class<? extends WorkloadBenchmark> benchmark, boolean quick) {
        Warmup warmup = WorkloadBenchmark.class.getAnnotation(Warmup.class);
        Measurement measurement = WorkloadBenchmark.class.getAnnotation(Measurement.class);
        int forks = quick ? QUICK_FORKS : WorkloadBenchmark.class.getAnnotation(Fork.class).value();
        int warm = (quick ? QUICK_ITERATIONS : warmup.iterations()) * warmup.time();
        int timed = (quick ? QUICK_ITERATIONS : measurement.iterations()) * measurement.time();
        return combinations(benchmark, quick) * forks
                * (benchmark.getAnnotation(SetupSeconds.class).value() + warm + timed);
    }
}
