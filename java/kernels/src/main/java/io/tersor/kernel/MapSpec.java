package io.tersor.kernel;

import io.tersor.tensor.DataType;
import java.util.Locale;

/**
 * A function of every element by itself, f32: y = function(x, alpha, beta). src and dst may be the same memory.
 *
 * @param alpha parameter of the function; 0 for one that has none, so that equal kernels are equal specs
 * @param beta likewise
 */
public record MapSpec(MapFunction function, float alpha, float beta) implements UnarySpec {
    /** A function without parameters. */
    public MapSpec(MapFunction function) {
        this(function, 0f, 0f);
    }

    /** Returns the function's value by its formula in binary64. */
    public double apply(double x) {
        return function.apply(x, alpha, beta);
    }

    @Override
    public DataType srcType() {
        return DataType.F32;
    }

    @Override
    public DataType dstType() {
        return DataType.F32;
    }

    @Override
    public String name() {
        return function.name().toLowerCase(Locale.ROOT) + "_f32";
    }
}
