/**
 * Tensors, formats, kernels and backends for compressed neural networks. Depends on the JDK alone; the vector backend
 * needs {@code jdk.incubator.vector} at run time, the others work without it.
 */
module io.tersor.kernels {
    requires static jdk.incubator.vector;

    exports io.tersor;
    exports io.tersor.ffm;
    exports io.tersor.tensor;
    exports io.tersor.quant;
    exports io.tersor.sparse;
    exports io.tersor.kernel;

    uses io.tersor.kernel.BackendProvider;

    provides io.tersor.kernel.BackendProvider with
            io.tersor.backend.scalar.ScalarBackend,
            io.tersor.backend.vector.VectorBackend,
            io.tersor.backend.onednn.OnednnBackend,
            io.tersor.backend.libtersor.NativeBackend;
}
