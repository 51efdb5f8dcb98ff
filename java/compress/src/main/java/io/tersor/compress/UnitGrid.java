package io.tersor.compress;

/**
 * Weights [outputs, taps, inputs] divided into units of rows x columns. A unit lies in one tap and one group; the last
 * ones of a tap and of a group may be cut off.
 *
 * @param groups divide the outputs
 */
record UnitGrid(int outputs, int groups, int taps, int inputs, int rows, int columns) {
    private int rowsPerGroup() {
        return outputs / groups;
    }

    private int unitRowsPerGroup() {
        return Math.ceilDiv(rowsPerGroup(), rows);
    }

    private int unitColumnsPerTap() {
        return Math.ceilDiv(inputs, columns);
    }

    /** Returns the number of units. */
    int count() {
        return Math.toIntExact((long) groups * unitRowsPerGroup() * taps * unitColumnsPerTap());
    }

    /** Returns the unit of the element with an index into [outputs, taps, inputs]. */
    int unit(int index) {
        int input = index % inputs;
        int tap = index / inputs % taps;
        int output = index / inputs / taps;
        int row = output / rowsPerGroup() * unitRowsPerGroup() + output % rowsPerGroup() / rows;
        return (row * taps + tap) * unitColumnsPerTap() + input / columns;
    }

    /** Returns which units hold an element other than zero. */
    boolean[] used(float[] elements) {
        boolean[] used = new boolean[count()];
        for (int i = 0; i < elements.length; i++) {
            if (elements[i] != 0) {
                used[unit(i)] = true;
            }
        }
        return used;
    }

    /** Returns the share of units that hold an element other than zero. */
    double density(float[] elements) {
        int count = 0;
        for (boolean unit : used(elements)) {
            count += unit ? 1 : 0;
        }
        return (double) count / count();
    }
}
