package io.tersor.bench.report;

import io.tersor.bench.results.ContenderName;
import java.util.Optional;

/** What a contender computes in, where all of its weights are stored. */
enum Precision {
    /** 8-bit integers on both sides of the multiplications, also where rows are quantized as they are read. */
    INT8,
    /** 32-bit floating point. */
    FP32;

    /** Returns the precision that a contender's types name; none for others, such as pruned networks. */
    static Optional<Precision> of(ContenderName contender) {
        return switch (contender.types()) {
            case "INT8" -> Optional.of(INT8);
            case "FP32", "f32" -> Optional.of(FP32);
            case String types when types.matches("([us]8|f32)s8\\w*") -> Optional.of(INT8);
            default -> Optional.empty();
        };
    }
}
