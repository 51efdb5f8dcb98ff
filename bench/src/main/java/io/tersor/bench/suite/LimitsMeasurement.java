package io.tersor.bench.suite;

import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.ColdWeights;
import io.tersor.bench.results.Limit;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedSet;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;

/** Measures what this machine can do at most, on one core and on several at once. */
final class LimitsMeasurement {
    private static final long NANOS_EACH = 20_000_000;
    private static final long READ_NANOS = 200_000_000;
    private static final long ALIGNMENT_BYTES = 64;

    private final BenchLibrary library;

    LimitsMeasurement(BenchLibrary library) {
        this.library = library;
    }

    /** Returns all limits for each of these numbers of threads. */
    List<Limit> measure(SortedSet<Integer> threads) {
        List<Limit> limits = new ArrayList<>();
        for (int count : threads) {
            Map<String, Double> sums = new LinkedHashMap<>();
            atOnce(count, _ -> library.limits(NANOS_EACH))
                    .forEach(rates -> rates.forEach((name, rate) -> sums.merge(name, rate, Double::sum)));
            sums.forEach((name, rate) -> limits.add(new Limit(name, count, Limit.OPERATIONS, rate)));
            readRate(count).ifPresent(rate -> limits.add(new Limit(Limit.READ, count, Limit.BYTES, rate)));
        }
        return limits;
    }

    /** Each thread reads memory of its own. */
    private OptionalDouble readRate(int threads) {
        long blocks = ColdWeights.bytes(Optional.of(library)) / threads / BenchLibrary.READ_BLOCK_BYTES;
        long bytes = Math.max(1, blocks) * BenchLibrary.READ_BLOCK_BYTES;
        try (Arena arena = Arena.ofShared()) {
            List<MemorySegment> buffers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                // Else all of its pages would be the one page of zeros.
                buffers.add(arena.allocate(bytes, ALIGNMENT_BYTES).fill((byte) 1));
            }
            List<OptionalDouble> rates = atOnce(threads, thread -> library.readRate(buffers.get(thread), READ_NANOS));
            return rates.stream().anyMatch(OptionalDouble::isEmpty) ? OptionalDouble.empty()
                    : OptionalDouble.of(rates.stream().mapToDouble(OptionalDouble::getAsDouble).sum());
        }
    }

    /** Calls a measurement on so many threads that start together; returns all results. */
    private static <T> List<T> atOnce(int threads, IntFunction<T> measurement) {
        CyclicBarrier start = new CyclicBarrier(threads);
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int thread = i;
                futures.add(executor.submit(() -> {
                    start.await();
                    return measurement.apply(thread);
                }));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
