package io.tersor.bench.results;

import com.fasterxml.jackson.annotation.JsonIgnore;

/**
 * Who does the work.
 *
 * @param name {@code auto}, a backend's label, with a format behind a slash for sparse weights ({@code native/32x4}),
 *     or a peer's name
 * @param own whether its kernels are this library's own: not those of oneDNN, nor a peer
 * @param types of src, weights and dst, {@code u8s8u8} for example; of a network {@code FP32}, {@code INT8}, or this
 *     with what else its recipe has done
 * @param threads that it may use
 */
public record ContenderName(String name, boolean own, String types, int threads) {
    /** Returns the name within a workload: {@code native u8s8u8 x1}, the last its threads. */
    @JsonIgnore
    public String id() {
        return name + " " + types + " x" + threads;
    }
}
