package io.tersor.model.ops;

import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;

/** Element loops that several operators share. Tensors are contiguous. */
final class Elements {
    private Elements() {}

    /** Sets every element to the only one of {@code value}, which has the same type. */
    static void fill(Tensor tensor, Tensor value) {
        fill(tensor, value, Parallelism.SINGLE);
    }

    /** The same with more threads if there are many. */
    static void fill(Tensor tensor, Tensor value, Parallelism parallelism) {
        if (tensor.type().isPacked()) {
            for (long i = 0; i < tensor.shape().elements(); i++) {
                copy(value, 0, tensor, i);
            }
            return;
        }
        long[] dims = {tensor.shape().elements()};
        new StridedMove(tensor.type().bits() / 8, dims, 0, new long[] {0}, 0, new long[] {1})
                .run(value.data(), tensor.data(), parallelism);
    }

    /** Copies one element between tensors of one type. */
    static void copy(Tensor from, long fromIndex, Tensor to, long toIndex) {
        if (from.type().isFloating()) {
            to.set(toIndex, from.get(fromIndex));
        } else {
            to.setLong(toIndex, from.getLong(fromIndex));
        }
    }

    /** Returns the elements as doubles. */
    static double[] doubles(Tensor tensor) {
        int count = Math.toIntExact(tensor.shape().elements());
        double[] values = new double[count];
        if (tensor.type() == DataType.F32) {
            float[] floats = tensor.toFloats();
            for (int i = 0; i < count; i++) {
                values[i] = floats[i];
            }
        } else {
            for (int i = 0; i < count; i++) {
                values[i] = tensor.get(i);
            }
        }
        return values;
    }

    /** Returns an input if it is given. */
    static boolean given(Tensor[] inputs, int index) {
        return index < inputs.length && inputs[index] != null;
    }

    /** Returns whether two's complement arithmetic on longs serves the type. */
    static boolean isInteger(DataType type) {
        return !type.isFloating() && type != DataType.BOOL;
    }

    /** Returns a value reduced to an integer type: the low bits. */
    static long wrap(DataType type, long value) {
        return switch (type) {
            case S32 -> (int) value;
            case U32 -> value & 0xFFFF_FFFFL;
            case S16 -> (short) value;
            case U16 -> value & 0xFFFF;
            case S8 -> (byte) value;
            case U8 -> value & 0xFF;
            case S4 -> value << 60 >> 60;
            case U4 -> value & 0xF;
            case S2 -> value << 62 >> 62;
            case U2 -> value & 3;
            default -> value;
        };
    }

    /** Compares two integers of a type. */
    static int compare(DataType type, long a, long b) {
        return type == DataType.U64 ? Long.compareUnsigned(a, b) : Long.compare(a, b);
    }

    /** Compares two elements of a tensor; the two zeros are equal, NaN is above everything. */
    static int compare(Tensor tensor, long a, long b) {
        return tensor.type().isFloating() ? Double.compare(tensor.get(a) + 0.0, tensor.get(b) + 0.0)
                : compare(tensor.type(), tensor.getLong(a), tensor.getLong(b));
    }

    /** Checks that a type is made of whole bytes, as moving single elements needs. */
    static int bytes(OpContext context, TensorType type) {
        if (type.type().isPacked()) {
            throw context.unsupported("element type " + type.type());
        }
        return type.type().bits() / 8;
    }

    /** Returns the shape of one scalar. */
    static Shape scalar() {
        return Shape.of();
    }
}
