package io.tersor.bench.gemm;

import io.tersor.bench.measure.VerificationException;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.PrepareOptions;
import java.lang.foreign.Arena;

/**
 * One matrix multiplication to be timed: seeded operands, and contenders whose result was compared with a float64
 * reference before anything is timed. Closing frees the operands, so the contenders are closed before. For one thread
 * at a time.
 */
public final class MatMulWorkload implements AutoCloseable {
    /** No result has it: the largest number but for a fraction in floating-point types. */
    private static final byte UNTOUCHED = 0x7F;

    private final Arena arena = Arena.ofShared();
    private final GemmShape shape;
    private final GemmTypes types;
    private final Operands operands;
    private final Reference reference;

    /** Makes the operands and their reference. */
    public MatMulWorkload(GemmShape shape, GemmTypes types) {
        this.shape = shape;
        this.types = types;
        this.operands = Operands.random(arena, shape, types, Operands.Range.FULL);
        this.reference = new Reference(operands);
    }

    /** Returns the shape. */
    public GemmShape shape() {
        return shape;
    }

    /** Returns the types. */
    public GemmTypes types() {
        return types;
    }

    /** Returns the bytes of the weights, before they are packed. */
    public long weightsBytes() {
        return operands.weights().byteSize();
    }

    /**
     * Prepares and verifies a backend.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.UnsupportedKernelException if an ordered backend does not run it
     * @throws io.tersor.bench.VerificationException if the result is wrong
     */
    public GemmContender prepare(PrepareOptions options, int copies) {
        return verified(new KernelContender(operands, options, copies), reference);
    }

    /**
     * Prepares and verifies oneDNN called from C. Where its sums of bytes saturate, it gets weights of 7 bits, with
     * which they do not; its time does not depend on the values.
     *
     * @param copies of the weights, which the runs take in turn
     * @throws io.tersor.TersorException if oneDNN is missing or has no kernel for it
     * @throws io.tersor.bench.VerificationException if the result is wrong
     */
    public GemmContender prepareOnednnPeer(BenchLibrary library, int threads, int copies) {
        BackendStatus.Available onednn = OnednnPeer.onednn();
        if (types.multipliesBytes() && OnednnPeer.saturates(onednn)) {
            Operands small = Operands.random(arena, shape, types, Operands.Range.HALF);
            return verified(new OnednnPeer(library, onednn, small, threads, copies), new Reference(small));
        }
        return verified(new OnednnPeer(library, onednn, operands, threads, copies), reference);
    }

    /** Returns the contender, or closes it if its result is wrong. */
    static GemmContender verified(GemmContender contender, Reference reference) {
        try {
            for (int copy = 0; copy < contender.copies(); copy++) {
                contender.result().data().fill(UNTOUCHED);
                contender.time(1);
                reference.check(contender.result(), contender.kernel());
            }
            return contender;
        } catch (Throwable e) {
            contender.close();
            throw e;
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
