package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.peers.OpenBlas;
import java.util.Optional;

/** OpenBLAS, which multiplies f32 matrices; see {@link OpenBlasContender}. It is loaded at the first use. */
final class OpenBlasPeer implements ProductPeer {
    private Optional<OpenBlas> library = Optional.empty();

    private synchronized OpenBlas library() {
        OpenBlas loaded = library.orElseGet(OpenBlas::new);
        library = Optional.of(loaded);
        return loaded;
    }

    @Override
    public String name() {
        return OpenBlas.NAME;
    }

    @Override
    public String version() {
        return library().version();
    }

    @Override
    public ProductContender prepare(ProductOperands operands, int threads, int copies) {
        ProductTypes types = operands.constants().types();
        if (operands.operation() != BenchLibrary.Operation.GEMM || types != ProductTypes.F32F32F32) {
            throw new TersorException(OpenBlas.NAME + ": expected a matrix multiplication of f32, got "
                    + operands.operation() + " of " + types.label());
        }
        return new OpenBlasContender(library(), operands, threads, copies);
    }
}
