package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Pads and crops, elements of any bits: dst's element at position p of each axis is src's at {@link Mode#place} of
 * p - {@code before}, or the constant where there is no such place.
 *
 * @param type not a packed one
 * @param src the extents of src; of no elements only if dst has none either or is constant
 * @param dst as many extents
 * @param before how many positions of dst come before the first one of src, on each axis; negative where it is cropped
 * @param constant the bits of an element, the low ones
 */
public record PadSpec(DataType type, Shape src, Shape dst, List<Long> before, Mode mode, long constant)
        implements MovingSpec {
    /** A position of dst, or of a run, for which src has no place. */
    public static final long OUTSIDE = -1;

    /** What is beyond the ends of src. */
    public enum Mode {
        /** A constant. */
        CONSTANT,
        /** The element at the end. */
        EDGE,
        /** What comes before the end, backwards. */
        REFLECT,
        /** What begins at the other end. */
        WRAP;

        /** Returns the place in 0 to {@code extent} - 1, or {@link #OUTSIDE}. */
        public long place(long position, long extent) {
            return switch (this) {
                case CONSTANT -> position >= 0 && position < extent ? position : OUTSIDE;
                case EDGE -> Math.clamp(position, 0L, extent - 1);
                case WRAP -> Math.floorMod(position, extent);
                case REFLECT -> {
                    long period = Math.max(1, 2 * (extent - 1));
                    long folded = Math.floorMod(position, period);
                    yield folded < extent ? folded : period - folded;
                }
            };
        }
    }

    /**
     * Neighbours along an axis whose places are a constant step apart.
     *
     * @param source the first place, or {@link #OUTSIDE} for all of them
     * @param step from place to place: 1, 0 or -1
     */
    public record Run(long target, long length, long source, long step) {}

    /** Checks the extents. */
    public PadSpec {
        OperandException.check(!type.isPacked(), "type", "elements of whole bytes", type);
        OperandException.check(src.rank() > 0, "src", "at least one axis", src);
        OperandException.check(dst.rank() == src.rank(), "dst", src.rank() + " axes", dst);
        OperandException.check(before.size() == src.rank(), "before", src.rank() + " values", before);
        OperandException.check(src.elements() > 0 || dst.elements() == 0 || mode == Mode.CONSTANT, "src",
                "elements to repeat", src);
        before = List.copyOf(before);
    }

    /** Returns the runs of an axis that together are dst's positions, in their order. */
    public List<Run> runs(int axis) {
        List<Run> runs = new ArrayList<>();
        long extent = dst.dim(axis);
        for (long at = 0; at < extent; ) {
            long source = place(axis, at);
            long next = at + 1 < extent ? place(axis, at + 1) : OUTSIDE;
            long step = source == OUTSIDE || next == OUTSIDE || Math.abs(next - source) > 1 ? 0 : next - source;
            long end = at + 1;
            while (end < extent && place(axis, end) == (source == OUTSIDE ? source : source + (end - at) * step)) {
                end++;
            }
            runs.add(new Run(at, end - at, source, step));
            at = end;
        }
        return runs;
    }

    /** Returns where dst's position along an axis is from, or {@link #OUTSIDE}. */
    public long place(int axis, long position) {
        return mode.place(position - before.get(axis), src.dim(axis));
    }

    @Override
    public String name() {
        return "pad_" + mode.name().toLowerCase(Locale.ROOT) + "_" + type;
    }
}
