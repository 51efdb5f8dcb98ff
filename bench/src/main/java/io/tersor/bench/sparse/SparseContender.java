package io.tersor.bench.sparse;

import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.Verification;
import io.tersor.bench.product.WeightStorage;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.sparse.SparseFormat;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.function.LongToIntFunction;
import java.util.function.Supplier;

/** Prepares kernels that make use of zeros. */
public final class SparseContender {
    private SparseContender() {}

    /**
     * Prepares and verifies a kernel for the workload's weights in a format; where bytes are multiplied its result must
     * have the bits of the native backend's with dense weights.
     *
     * @param copies how many copies of weights of so many bytes the runs take in turn
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    public static ProductContender prepare(SparseFormat format, ProductWorkload workload, PrepareOptions options,
            LongToIntFunction copies) {
        WeightStorage storage;
        try (Arena arena = Arena.ofConfined()) {
            SparseTensor weights = SparseTensor.fromDense(format, workload.shape().outputsFirst(workload.weights()),
                    arena);
            storage = WeightStorage.of(weights, copies.applyAsInt(weights.byteSize()));
        }
        return exact(() -> workload.prepare(options, storage), workload, options.on(Backend.NATIVE));
    }

    /**
     * Returns a contender if its result has the bits of the native backend's with dense weights, where that is there
     * and bytes are multiplied, whose sums are exact.
     *
     * @throws io.tersor.bench.measure.VerificationException if not; the contender is closed then
     */
    static ProductContender exact(Supplier<ProductContender> contender, ProductWorkload workload,
            PrepareOptions options) {
        ProductTypes types = workload.types();
        boolean exact = types.multipliesBytes() && types.src() != DataType.F32;
        if (!exact || KernelRegistry.standard().status(Backend.NATIVE) instanceof BackendStatus.Missing) {
            return contender.get();
        }
        try (ProductContender own = workload.prepare(options, 1)) {
            return Verification.verified(contender.get(), Verification.identical(own.result(), own.kernel()));
        }
    }

    /** Returns the share of weights that are zero. */
    static double zeros(Tensor weights) {
        long zeros = 0;
        for (long i = 0; i < weights.shape().elements(); i++) {
            zeros += weights.get(i) == 0 ? 1 : 0;
        }
        return (double) zeros / weights.shape().elements();
    }
}
