package io.tersor.bench.product;

import io.tersor.kernel.Kernel;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * One product to be timed: seeded operands, and contenders whose result was compared with a float64 reference before
 * anything is timed. Closing frees the operands, so the contenders are closed before. For one thread at a time.
 */
public abstract class ProductWorkload implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ProductShape shape;
    private final ProductTypes types;
    private final WeightZeros zeros;
    private final Factory factory;
    private final ProductOperands operands;
    private final Verification.Check reference;

    /** Makes operands. */
    @FunctionalInterface
    protected interface Factory {
        /** Returns operands that live as long as the arena. */
        ProductOperands make(Arena arena, RandomValues.Range weights);
    }

    /** Makes the operands and their reference. */
    protected ProductWorkload(ProductShape shape, ProductTypes types, WeightZeros zeros, Factory factory) {
        this.shape = shape;
        this.types = types;
        this.zeros = zeros;
        this.factory = factory;
        this.operands = make(RandomValues.Range.FULL);
        this.reference = operands.reference();
    }

    private ProductOperands make(RandomValues.Range range) {
        ProductOperands made = factory.make(arena, range);
        zeros.applyTo(shape.outputsFirst(made.constants().weights()));
        return made;
    }

    /** Returns the shape. */
    public final ProductShape shape() {
        return shape;
    }

    /** Returns the types. */
    public final ProductTypes types() {
        return types;
    }

    /** Returns the weights, before they are packed. */
    public final Tensor weights() {
        return operands.constants().weights();
    }

    /** Returns the bytes of the source. */
    public final long srcBytes() {
        return operands.src().byteSize();
    }

    /** Returns what is right. */
    public final Verification.Check reference() {
        return reference;
    }

    /**
     * Prepares and verifies a backend.
     *
     * @param storage how it is to keep the weights
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    public final ProductContender prepare(PrepareOptions options, WeightStorage storage) {
        return Verification.verified(operands.prepare(options, storage), reference);
    }

    /**
     * Prepares a backend's kernel alone, with dense weights, and verifies nothing.
     *
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     */
    public final Kernel kernel(PrepareOptions options) {
        return operands.kernel(options);
    }

    /** Prepares and verifies a backend with so many copies of dense weights. */
    public final ProductContender prepare(PrepareOptions options, int copies) {
        return prepare(options, WeightStorage.dense(weights(), copies));
    }

    /**
     * Prepares and verifies a peer.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.TersorException if it is missing or does not run it
     * @throws io.tersor.bench.measure.VerificationException if the result is wrong
     */
    public final ProductContender prepare(ProductPeer peer, int threads, int copies) {
        RandomValues.Range range = peer.weights(types);
        ProductOperands given = range == RandomValues.Range.FULL ? operands : make(range);
        Verification.Check exact = given == operands ? reference : given.reference();
        return Verification.verified(peer.prepare(given, threads, copies), peer.reference(given, exact));
    }

    @Override
    public final void close() {
        arena.close();
    }
}
