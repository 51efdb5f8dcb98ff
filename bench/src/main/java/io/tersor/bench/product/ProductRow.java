package io.tersor.bench.product;

import io.tersor.bench.measure.Timing;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured of one contender on one shape; its result was verified.
 *
 * @param operation {@code gemm} or {@code conv}
 * @param contender a backend's label, {@code auto}, or a peer's name
 * @param limit the name of the limit that holds for it
 * @param shareOfBandwidth for few rows: the rate at which its fastest run takes in weights over that of a plain read
 * @param speedOverFirst how many times as fast as the first contender of the shape
 */
public record ProductRow(String operation, ProductShape shape, ProductTypes types, String contender, String kernel,
        String isa, int threads, Timing timing, Optional<String> limit, OptionalDouble shareOfBandwidth,
        double speedOverFirst) {
    /** Returns 10^12 operations per second, at the median. */
    double tops() {
        return shape.operations() / timing.medianMicros() * 1e-6;
    }

    /** Returns the rate of the fastest run over that of the limit, times the threads. */
    OptionalDouble shareOfPeak(Optional<MachineLimits> limits) {
        OptionalDouble rate = limits.isEmpty() || limit.isEmpty() ? OptionalDouble.empty()
                : limits.get().rate(limit.get());
        return rate.isEmpty() ? rate
                : OptionalDouble.of(shape.operations() / (timing.minMicros() * 1e-6 * rate.getAsDouble() * threads));
    }

    /** Returns the row for JSON; a share that is unknown is left out. */
    Map<String, Object> toJson(Optional<MachineLimits> limits) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("op", operation);
        json.putAll(shape.extents());
        json.put("types", types.label());
        json.put("backend", contender);
        json.put("kernel", kernel);
        json.put("isa", isa);
        json.put("threads", threads);
        json.put("medianMicros", timing.medianMicros());
        json.put("minMicros", timing.minMicros());
        json.put("tops", tops());
        limit.ifPresent(name -> json.put("limit", name));
        shareOfPeak(limits).ifPresent(share -> json.put("shareOfPeak", share));
        shareOfBandwidth.ifPresent(share -> json.put("shareOfBandwidth", share));
        json.put("speedOverFirst", speedOverFirst);
        json.put("verified", true);
        return json;
    }
}
