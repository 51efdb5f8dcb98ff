package io.tersor.bench.conv;

import io.tersor.bench.product.BackendContender;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.Constants;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductOperands;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.RandomValues;
import io.tersor.bench.product.Verification;
import io.tersor.bench.product.WeightStorage;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Seeded operands of one convolution.
 *
 * @param src [1, ih, iw, ic]
 * @param constants with weights [oc, ic / groups, kh, kw]
 */
record ConvOperands(ConvShape shape, ProductTypes types, Tensor src, Constants constants) implements ProductOperands {
    /** Returns operands that live as long as the arena. */
    static ConvOperands random(Arena arena, ConvShape shape, ProductTypes types, RandomValues.Range range) {
        RandomValues random = new RandomValues();
        Tensor src = random.tensor(arena, types.src(), shape.src(), RandomValues.Range.FULL);
        return new ConvOperands(shape, types, src,
                Constants.random(arena, random, types, shape.weights(), 0, shape.reduction(), range));
    }

    private Conv2d.Builder builder() {
        return constants.addTo(Conv2d.spec(types.src(), types.weights(), types.dst())).window(shape.window())
                .groups(shape.groups());
    }

    @Override
    public ProductOperands with(Constants other) {
        return new ConvOperands(shape, other.types(), src, other);
    }

    @Override
    public Tensor newDst(Arena arena) {
        return Tensor.allocate(arena, types.dst(), shape.dst());
    }

    @Override
    public Epilogue epilogue() {
        return Epilogue.of(builder().spec(), constants.bias());
    }

    @Override
    public BenchLibrary.Operation operation() {
        return BenchLibrary.Operation.CONV;
    }

    @Override
    public long[] extents() {
        return new long[] {shape.ic(), shape.ih(), shape.iw(), shape.oc(), shape.kh(), shape.kw(), shape.stride(),
            shape.pad(), shape.dilation(), shape.groups()};
    }

    @Override
    public ProductContender prepare(PrepareOptions options, WeightStorage storage) {
        Conv2d.Builder builder = builder();
        storage.sparsity().ifPresent(builder::sparsity);
        return new BackendContender<>(options, storage, this::newDst, () -> builder.prepare(options),
                (kernel, dst) -> kernel.run(src, dst));
    }

    @Override
    public Conv2d kernel(PrepareOptions options) {
        return builder().prepare(options);
    }

    @Override
    public Verification.Check reference() {
        return new ConvReference(shape, src, constants)::check;
    }
}
