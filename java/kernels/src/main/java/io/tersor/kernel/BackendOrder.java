package io.tersor.kernel;

import java.util.List;

/** The order in which backends are tried for a spec, fastest first as measured. */
final class BackendOrder {
    private static final List<Backend> PRODUCTS =
            List.of(Backend.ONEDNN, Backend.NATIVE, Backend.VECTOR, Backend.SCALAR);
    private static final List<Backend> STREAMING =
            List.of(Backend.NATIVE, Backend.VECTOR, Backend.ONEDNN, Backend.SCALAR);

    private BackendOrder() {}

    static List<Backend> fastestFirst(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec _, Conv2dSpec _ -> PRODUCTS;
            case AddSpec _, UnarySpec _ -> STREAMING;
        };
    }
}
