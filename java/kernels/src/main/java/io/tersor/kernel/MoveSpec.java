package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;

/**
 * Moves elements of any bits from strided places: dst's element i, i an index of {@code dims} in row-major order, is
 * src's element {@code offset} + sum of i * {@code strides}. Permutations of axes, slices and repetitions are of this kind.
 *
 * @param type not a packed one
 * @param src the extents of src
 * @param dst the extents of dst, which has as many elements as dims
 * @param dims at least one
 * @param strides one for each of dims, in elements, of any sign
 */
public record MoveSpec(DataType type, Shape src, Shape dst, long offset, Shape dims, List<Long> strides)
        implements MovingSpec {
    /** Checks that all of src's elements that are meant are there. */
    public MoveSpec {
        OperandException.check(!type.isPacked(), "type", "elements of whole bytes", type);
        OperandException.check(dims.rank() > 0, "dims", "at least one", dims);
        OperandException.check(dims.elements() == dst.elements(), "dims", dst.elements() + " elements", dims);
        OperandException.check(strides.size() == dims.rank(), "strides", dims.rank() + " values", strides);
        strides = List.copyOf(strides);
        if (dims.elements() > 0) {
            checkReach(src.elements(), offset, dims, strides);
        }
    }

    private static void checkReach(long elements, long offset, Shape dims, List<Long> strides) {
        String expected = "places from 0 to " + (elements - 1);
        try {
            long lo = offset;
            long hi = offset;
            for (int axis = 0; axis < dims.rank(); axis++) {
                long reach = Math.multiplyExact(dims.dim(axis) - 1, strides.get(axis));
                lo = reach < 0 ? Math.addExact(lo, reach) : lo;
                hi = reach > 0 ? Math.addExact(hi, reach) : hi;
            }
            OperandException.check(lo >= 0 && hi < elements, "strides", expected, "from " + lo + " to " + hi);
        } catch (ArithmeticException overflow) {
            throw new OperandException("strides", expected, "places beyond 64 bits");
        }
    }

    @Override
    public String name() {
        return "move_" + type;
    }
}
