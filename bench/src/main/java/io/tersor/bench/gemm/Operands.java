package io.tersor.bench.gemm;

import io.tersor.bench.product.BackendContender;
import io.tersor.bench.product.BenchLibrary;
import io.tersor.bench.product.Constants;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductOperands;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.RandomValues;
import io.tersor.bench.product.Verification;
import io.tersor.bench.product.WeightStorage;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * Seeded operands of one matrix multiplication.
 *
 * @param src [m, k]
 * @param constants with weights [k, n]
 */
record Operands(GemmShape shape, ProductTypes types, Tensor src, Constants constants)
        implements ProductOperands {
    /** Returns operands that live as long as the arena. */
    static Operands random(Arena arena, GemmShape shape, ProductTypes types, RandomValues.Range range) {
        RandomValues random = new RandomValues();
        Tensor src = random.tensor(arena, types.src(), Shape.of(shape.m(), shape.k()), RandomValues.Range.FULL);
        return new Operands(shape, types, src, Constants.random(arena, random, types,
                Shape.of(shape.k(), shape.n()), 1, shape.k(), range));
    }

    /** Returns the multiplication, ready to be prepared. */
    MatMul.Builder builder() {
        return constants.addTo(MatMul.spec(types.src(), types.weights(), types.dst()));
    }

    @Override
    public ProductOperands with(Constants other) {
        return new Operands(shape, other.types(), src, other);
    }

    @Override
    public Tensor newDst(Arena arena) {
        return Tensor.allocate(arena, types.dst(), Shape.of(shape.m(), shape.n()));
    }

    @Override
    public Epilogue epilogue() {
        return Epilogue.of(builder().spec(), constants.bias());
    }

    @Override
    public BenchLibrary.Operation operation() {
        return BenchLibrary.Operation.GEMM;
    }

    @Override
    public long[] extents() {
        return new long[] {shape.m(), shape.k(), shape.n()};
    }

    @Override
    public ProductContender prepare(PrepareOptions options, WeightStorage storage) {
        MatMul.Builder builder = builder();
        storage.sparsity().ifPresent(builder::sparsity);
        return new BackendContender<>(options, storage, this::newDst, () -> builder.prepare(options.rows(shape.m())),
                (kernel, dst) -> kernel.run(src, dst));
    }

    @Override
    public MatMul kernel(PrepareOptions options) {
        return builder().prepare(options.rows(shape.m()));
    }

    @Override
    public Verification.Check reference() {
        return new Reference(this)::check;
    }
}
