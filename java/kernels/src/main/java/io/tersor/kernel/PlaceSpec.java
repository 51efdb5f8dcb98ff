package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;

/**
 * Copies src into a part of dst, of which the rest stays as it is: what a concatenation does with each of its operands.
 *
 * @param type not a packed one
 * @param src the extents of src: those of dst but along the axis
 * @param dst the extents of dst
 * @param axis along which src is a part
 * @param at where the part begins, with room for all of src behind it
 */
public record PlaceSpec(DataType type, Shape src, Shape dst, int axis, long at) implements MovingSpec {
    /** Checks that the part lies in dst. */
    public PlaceSpec {
        OperandException.check(!type.isPacked(), "type", "elements of whole bytes", type);
        OperandException.check(axis >= 0 && axis < dst.rank(), "axis", "0 to " + (dst.rank() - 1), axis);
        OperandException.check(src.rank() == dst.rank() && src.with(axis, dst.dim(axis)).equals(dst), "src",
                "the extents of " + dst + " but along axis " + axis, src);
        OperandException.check(at >= 0 && at <= dst.dim(axis) - src.dim(axis), "at",
                "0 to " + (dst.dim(axis) - src.dim(axis)), at);
    }

    /** Returns how many runs there are. */
    public long runs() {
        return product(dst, 0, axis);
    }

    /** Returns the elements of one run of src, which lie side by side in dst too. */
    public long length() {
        return product(src, axis, src.rank());
    }

    /** Returns how many elements of dst lie from one run to the next. */
    public long pitch() {
        return product(dst, axis, dst.rank());
    }

    /** Returns the element of dst at which the first run begins. */
    public long offset() {
        return at * product(dst, axis + 1, dst.rank());
    }

    private static long product(Shape shape, int from, int end) {
        long product = 1;
        for (int i = from; i < end; i++) {
            product *= shape.dim(i);
        }
        return product;
    }

    @Override
    public String name() {
        return "place_" + type;
    }
}
