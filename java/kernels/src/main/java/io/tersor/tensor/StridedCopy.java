package io.tersor.tensor;

/** Copies between tensors of one type and shape whose strides differ. */
final class StridedCopy {
    private StridedCopy() {}

    static void copy(Tensor from, Tensor to) {
        if (from.shape().elements() > 0) {
            copy(from, to, 0, 0, 0);
        }
    }

    private static void copy(Tensor from, Tensor to, int axis, long fromOffset, long toOffset) {
        if (axis == from.shape().rank()) {
            ElementAccess.copy(from.data(), fromOffset, to.data(), toOffset, from.type());
            return;
        }
        long extent = from.shape().dim(axis);
        for (long i = 0; i < extent; i++) {
            copy(from, to, axis + 1, fromOffset + i * from.stride(axis), toOffset + i * to.stride(axis));
        }
    }
}
