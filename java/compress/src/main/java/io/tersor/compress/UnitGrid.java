package io.tersor.compress;

/**
 * Weights [outputs, taps, inputs] divided into units of rows x columns, as {@link io.tersor.sparse.SparseFormat.Block}
 * divides them. A unit lies in one tap; the last ones of a tap and of the matrix may be cut off.
 */
record UnitGrid(int outputs, int taps, int inputs, int rows, int columns) {
    private int unitColumns() {
        return Math.ceilDiv(inputs, columns);
    }

    /** Returns the number of units. */
    int count() {
        return Math.toIntExact((long) Math.ceilDiv(outputs, rows) * taps * unitColumns());
    }

    /** Returns the unit of the element with an index into [outputs, taps, inputs]. */
    int unit(int index) {
        int tap = index / inputs % taps;
        int row = index / inputs / taps / rows;
        return (row * taps + tap) * unitColumns() + index % inputs / columns;
    }

    /** Returns how many units hold an element other than zero. */
    int used(float[] elements) {
        boolean[] used = new boolean[count()];
        int count = 0;
        for (int i = 0; i < elements.length; i++) {
            if (elements[i] != 0 && !used[unit(i)]) {
                used[unit(i)] = true;
                count++;
            }
        }
        return count;
    }

    /** Returns the share of units that hold an element other than zero. */
    double density(float[] elements) {
        return (double) used(elements) / count();
    }
}
