package io.tersor.bench.gemm;

import io.tersor.bench.product.BackendContender;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.RandomValues;
import io.tersor.bench.product.Verification;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** One matrix multiplication to be timed. */
public final class MatMulWorkload implements ProductWorkload {
    private final Arena arena = Arena.ofShared();
    private final GemmShape shape;
    private final ProductTypes types;
    private final Operands operands;
    private final Reference reference;

    /** Makes the operands and their reference. */
    public MatMulWorkload(GemmShape shape, ProductTypes types) {
        this.shape = shape;
        this.types = types;
        this.operands = Operands.random(arena, shape, types, RandomValues.Range.FULL);
        this.reference = new Reference(operands);
    }

    @Override
    public GemmShape shape() {
        return shape;
    }

    @Override
    public ProductTypes types() {
        return types;
    }

    @Override
    public long weightsBytes() {
        return operands.constants().weights().byteSize();
    }

    @Override
    public ProductContender prepare(PrepareOptions options, int copies) {
        MatMul.Builder builder = operands.builder();
        Tensor src = operands.src();
        return Verification.verified(new BackendContender<>(options, copies, operands::newDst,
                () -> builder.prepare(options.rows(shape.m())), (kernel, dst) -> kernel.run(src, dst)),
                reference::check);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Where its sums of bytes saturate, it gets weights of 7 bits, with which they do not; its time does not depend
     * on the values.
     */
    @Override
    public ProductContender prepareOnednnPeer(BenchLibrary library, int threads, int copies) {
        BackendStatus.Available onednn = OnednnPeer.onednn();
        if (types.multipliesBytes() && OnednnPeer.saturates(onednn)) {
            Operands small = Operands.random(arena, shape, types, RandomValues.Range.HALF);
            return Verification.verified(new OnednnPeer(library, onednn, small, threads, copies),
                    new Reference(small)::check);
        }
        return Verification.verified(new OnednnPeer(library, onednn, operands, threads, copies), reference::check);
    }

    @Override
    public void close() {
        arena.close();
    }
}
