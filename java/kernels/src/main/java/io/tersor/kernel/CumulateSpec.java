package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Cumulative sums along the middle axis, f32: dst[o, k, i] is the sum of src[o, j, i] for all j up to k, in that order
 * in binary64, rounded once. src and dst may be the same memory.
 *
 * @param exclusive whether element k itself is left out
 * @param reverse whether sums begin with the last element
 */
public record CumulateSpec(boolean exclusive, boolean reverse) implements UnarySpec {
    @Override
    public DataType srcType() {
        return DataType.F32;
    }

    @Override
    public DataType dstType() {
        return DataType.F32;
    }

    @Override
    public Shape dstShape(Shape src) {
        OperandException.check(src.rank() == 3, "src", "[outer, summed, inner]", src);
        return src;
    }

    @Override
    public String name() {
        return "cumulate_f32";
    }
}
