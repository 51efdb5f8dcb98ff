package io.tersor.bench.conv;

import io.tersor.bench.product.BackendContender;
import io.tersor.bench.product.Constants;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.RandomValues;
import io.tersor.bench.product.Verification;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** One convolution to be timed: of one image, with a bias and ReLU. */
public final class ConvWorkload implements ProductWorkload {
    private final Arena arena = Arena.ofShared();
    private final ConvShape shape;
    private final ProductTypes types;
    private final Tensor src;
    private final Constants constants;
    private final ConvReference reference;

    /** Makes the operands and their reference. */
    public ConvWorkload(ConvShape shape, ProductTypes types) {
        this.shape = shape;
        this.types = types;
        RandomValues random = new RandomValues();
        this.src = random.tensor(arena, types.src(), shape.src(), RandomValues.Range.FULL);
        this.constants = Constants.random(arena, random, types, shape.weights(), 0, shape.reduction(),
                RandomValues.Range.FULL);
        this.reference = new ConvReference(shape, src, constants);
    }

    @Override
    public ConvShape shape() {
        return shape;
    }

    @Override
    public ProductTypes types() {
        return types;
    }

    @Override
    public long weightsBytes() {
        return constants.weights().byteSize();
    }

    /** Returns a place for a result. */
    Tensor newDst(Arena owner) {
        return Tensor.allocate(owner, types.dst(), shape.dst());
    }

    /** Returns what is right. */
    ConvReference reference() {
        return reference;
    }

    @Override
    public ProductContender prepare(PrepareOptions options, int copies) {
        Conv2d.Builder builder = constants.addTo(Conv2d.spec(types.src(), types.weights(), types.dst()))
                .window(shape.window()).groups(shape.groups());
        return Verification.verified(new BackendContender<>(options, copies, this::newDst,
                () -> builder.prepare(options), (kernel, dst) -> kernel.run(src, dst)), reference::check);
    }

    @Override
    public void close() {
        arena.close();
    }
}
