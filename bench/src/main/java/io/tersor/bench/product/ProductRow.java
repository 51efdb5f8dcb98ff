package io.tersor.bench.product;

import io.tersor.bench.measure.Timing;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What was measured of one contender on one shape; its result was verified.
 *
 * @param operation the name of the command
 * @param contender a backend's label, {@code auto}, or a peer's name
 * @param operations multiplications and additions of one run by weights that the contender stores
 * @param limit the name of the limit that holds for it
 * @param shareOfBandwidth for few rows: the rate at which its fastest run takes in weights over that of a plain read
 * @param speedOverFirst how many times as fast as the first contender of the shape
 */
public record ProductRow(String operation, ProductShape shape, ProductTypes types, String contender, String kernel,
        String isa, int threads, Timing timing, double operations, Optional<String> limit,
        OptionalDouble shareOfBandwidth, double speedOverFirst) {
    /** Returns 10^12 operations of the shape per second, at the median. */
    public double tops() {
        return shape.operations() / timing.medianMicros() * 1e-6;
    }

    /** Returns the same of the fastest run: the least disturbed one. */
    public double mostTops() {
        return shape.operations() / timing.minMicros() * 1e-6;
    }

    /** Returns the rate of the fastest run over that of the limit, times the threads. */
    public OptionalDouble shareOfPeak(Optional<MachineLimits> limits) {
        OptionalDouble rate = limits.isEmpty() || limit.isEmpty() ? OptionalDouble.empty()
                : limits.get().rate(limit.get());
        return rate.isEmpty() ? rate
                : OptionalDouble.of(operations / (timing.minMicros() * 1e-6 * rate.getAsDouble() * threads));
    }

    /** Returns the row for JSON. */
    Map<String, Object> toJson(Optional<MachineLimits> limits) {
        Map<String, Object> json = figures(limits);
        json.put("speedOverFirst", speedOverFirst);
        json.put("verified", true);
        return json;
    }

    /** Returns what was measured for JSON; a share that is unknown is left out. */
    public Map<String, Object> figures(Optional<MachineLimits> limits) {
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
        return json;
    }
}
