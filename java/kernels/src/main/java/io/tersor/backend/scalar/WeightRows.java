package io.tersor.backend.scalar;

/** A matrix of weights, one row for each element of src that is multiplied with them. The sums belong to the outputs. */
sealed interface WeightRows {
    /** sums[first + j] += a * weights[row, j] for all columns j. */
    void add(int row, int a, int[] sums, int first);

    /** The same for floats, multiplied and added without fusing. */
    void add(int row, float a, float[] sums, int first);

    /**
     * Returns rows of integers.
     *
     * @param skipsZeros whether only those that are not zero are kept
     */
    static WeightRows of(int[] weights, int width, boolean skipsZeros) {
        Dense dense = new Dense(weights, new float[0], width);
        return skipsZeros ? sparse(dense, weights.length) : dense;
    }

    /** Returns rows of floats, see above; zeros of either sign are zero. */
    static WeightRows of(float[] weights, int width, boolean skipsZeros) {
        Dense dense = new Dense(new int[0], weights, width);
        return skipsZeros ? sparse(dense, weights.length) : dense;
    }

    private static Sparse sparse(Dense dense, int elements) {
        int count = 0;
        for (int i = 0; i < elements; i++) {
            count += dense.isZero(i) ? 0 : 1;
        }
        int rows = dense.width == 0 ? 0 : elements / dense.width;
        boolean integer = dense.integers.length > 0;
        Sparse sparse = new Sparse(new int[rows + 1], new int[count], new int[integer ? count : 0],
                new float[integer ? 0 : count]);
        int at = 0;
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < dense.width; column++) {
                int from = row * dense.width + column;
                if (!dense.isZero(from)) {
                    sparse.columns[at] = column;
                    if (integer) {
                        sparse.integers[at++] = dense.integers[from];
                    } else {
                        sparse.floats[at++] = dense.floats[from];
                    }
                }
            }
            sparse.starts[row + 1] = at;
        }
        return sparse;
    }

    /** All of them, row after row; one of the two arrays is empty. */
    record Dense(int[] integers, float[] floats, int width) implements WeightRows {
        private boolean isZero(int i) {
            return integers.length > 0 ? integers[i] == 0 : floats[i] == 0;
        }

        @Override
        public void add(int row, int a, int[] sums, int first) {
            int from = row * width;
            for (int j = 0; j < width; j++) {
                sums[first + j] += a * integers[from + j];
            }
        }

        @Override
        public void add(int row, float a, float[] sums, int first) {
            int from = row * width;
            for (int j = 0; j < width; j++) {
                sums[first + j] += a * floats[from + j];
            }
        }
    }

    /**
     * Those that are not zero, row after row; one of the two arrays of weights is empty.
     *
     * @param starts where each row begins, and behind the last one where it ends
     */
    record Sparse(int[] starts, int[] columns, int[] integers, float[] floats) implements WeightRows {
        @Override
        public void add(int row, int a, int[] sums, int first) {
            for (int i = starts[row]; i < starts[row + 1]; i++) {
                sums[first + columns[i]] += a * integers[i];
            }
        }

        @Override
        public void add(int row, float a, float[] sums, int first) {
            for (int i = starts[row]; i < starts[row + 1]; i++) {
                sums[first + columns[i]] += a * floats[i];
            }
        }
    }
}
