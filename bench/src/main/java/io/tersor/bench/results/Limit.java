package io.tersor.bench.results;

import java.util.List;
import java.util.OptionalDouble;

/**
 * What this machine can do at most, measured in the same run, the highest of all JVMs.
 *
 * @param name of the arithmetic on registers alone ({@code avx512_vnni}, {@code amx_int8}, {@code avx512_f32}, ...), or
 *     {@code read}: a plain read of a buffer that exceeds the last-level cache
 * @param threads that did it at once
 * @param unit {@code op/s} (a multiplication or an addition is one) or {@code B/s}
 * @param rate in that unit, of all threads together
 */
public record Limit(String name, int threads, String unit, double rate) {
    /** The name of the read from memory. */
    public static final String READ = "read";
    /** The unit of arithmetic. */
    public static final String OPERATIONS = "op/s";
    /** The unit of reads. */
    public static final String BYTES = "B/s";

    /** Returns the rate of one of these limits with so many threads, where it is among them. */
    static OptionalDouble rate(List<Limit> limits, String name, int threads) {
        return limits.stream().filter(some -> some.name.equals(name) && some.threads == threads)
                .mapToDouble(Limit::rate).findFirst();
    }
}
