package io.tersor.model.ops;

import io.tersor.tensor.Shape;

/** Walks a contiguous output and its broadcast operands together, row by row. Prepared once; thread-safe. */
final class BroadcastLoop {
    private final int operands;
    private final long[] dims;
    private final long[][] strides;
    private final boolean empty;

    /** Handles a run of output elements. */
    @FunctionalInterface
    interface Row {
        /**
         * @param out index of the first output element; the others follow it
         * @param at index of each operand's first element; must not be changed
         * @param step distance of each operand's elements, 0 or more
         * @param count number of elements
         */
        void run(long out, long[] at, long[] step, long count);
    }

    BroadcastLoop(Shape out, Shape... operands) {
        this.operands = operands.length;
        this.empty = out.elements() == 0;
        int rank = out.rank();
        long[][] full = new long[operands.length][];
        for (int i = 0; i < operands.length; i++) {
            full[i] = Shapes.broadcastStrides(operands[i], out);
        }
        long[] merged = new long[Math.max(1, rank)];
        long[][] mergedStrides = new long[operands.length][Math.max(1, rank)];
        int count = 0;
        for (int axis = 0; axis < rank; axis++) {
            long extent = out.dim(axis);
            if (extent == 1) {
                continue;
            }
            boolean joins = count > 0;
            for (int i = 0; joins && i < operands.length; i++) {
                joins = mergedStrides[i][count - 1] == full[i][axis] * extent;
            }
            int target = joins ? count - 1 : count++;
            merged[target] = joins ? merged[target] * extent : extent;
            for (int i = 0; i < operands.length; i++) {
                mergedStrides[i][target] = full[i][axis];
            }
        }
        int used = Math.max(1, count);
        this.dims = java.util.Arrays.copyOf(merged, used);
        if (count == 0) {
            dims[0] = 1;
        }
        this.strides = new long[operands.length][];
        for (int i = 0; i < operands.length; i++) {
            strides[i] = java.util.Arrays.copyOf(mergedStrides[i], used);
        }
    }

    void run(Row row) {
        if (empty) {
            return;
        }
        int last = dims.length - 1;
        long[] step = new long[operands];
        for (int i = 0; i < operands; i++) {
            step[i] = strides[i][last];
        }
        long[] index = new long[dims.length];
        long[] at = new long[operands];
        long out = 0;
        while (true) {
            row.run(out, at, step, dims[last]);
            out += dims[last];
            int axis = last - 1;
            while (axis >= 0) {
                index[axis]++;
                for (int i = 0; i < operands; i++) {
                    at[i] += strides[i][axis];
                }
                if (index[axis] < dims[axis]) {
                    break;
                }
                for (int i = 0; i < operands; i++) {
                    at[i] -= strides[i][axis] * dims[axis];
                }
                index[axis--] = 0;
            }
            if (axis < 0) {
                return;
            }
        }
    }
}
