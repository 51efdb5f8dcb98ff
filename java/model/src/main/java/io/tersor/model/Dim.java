package io.tersor.model;

import io.tersor.OperandException;

/** One extent of a value's shape as far as a graph tells it. */
public sealed interface Dim {
    /** An extent that nothing is known about. */
    Dim UNKNOWN = new Unknown();

    /** An extent that is always the same. */
    record Known(long extent) implements Dim {
        /** Checks that the extent is not negative. */
        public Known {
            OperandException.check(extent >= 0, "extent", "not negative", extent);
        }

        @Override
        public String toString() {
            return Long.toString(extent);
        }
    }

    /** An extent that is given at run time; equal names mean equal extents. */
    record Symbol(String name) implements Dim {
        @Override
        public String toString() {
            return name;
        }
    }

    /** An extent that nothing is known about. */
    record Unknown() implements Dim {
        @Override
        public String toString() {
            return "?";
        }
    }

    /** Returns a fixed extent. */
    static Dim of(long extent) {
        return new Known(extent);
    }

    /** Returns an extent that is given at run time. */
    static Dim of(String name) {
        return new Symbol(name);
    }

    /** Returns whether a run may use this extent, as far as this dimension alone can tell. */
    default boolean accepts(long extent) {
        return !(this instanceof Known known) || known.extent == extent;
    }
}
