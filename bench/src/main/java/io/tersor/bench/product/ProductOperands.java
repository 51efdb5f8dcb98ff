package io.tersor.bench.product;

import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Seeded operands of one product, and how it is prepared. */
public interface ProductOperands {
    /** Returns the source. */
    Tensor src();

    /** Returns the weights and what is done to a sum. */
    Constants constants();

    /** Returns the same source with other constants, of which only the reference is asked for. */
    ProductOperands with(Constants other);

    /** Returns a place for a result. */
    Tensor newDst(Arena arena);

    /** Returns what is done to a sum as kernels store it. */
    Epilogue epilogue();

    /** Returns what oneDNN is to do. */
    BenchLibrary.Operation operation();

    /** Returns the extents as that operation has them. */
    long[] extents();

    /**
     * Prepares a backend.
     *
     * @param storage how it keeps the weights
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     */
    ProductContender prepare(PrepareOptions options, WeightStorage storage);

    /**
     * Prepares a backend's kernel alone, with dense weights.
     *
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     */
    Kernel kernel(PrepareOptions options);

    /** Computes what is right. */
    Verification.Check reference();
}
