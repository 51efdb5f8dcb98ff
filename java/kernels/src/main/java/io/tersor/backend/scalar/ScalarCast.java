package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Unary;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;

/** Converts element by element. */
final class ScalarCast extends Unary {
    ScalarCast(CastSpec spec, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        boolean real = src.type().isFloating();
        DataType to = dst.type();
        for (long i = 0; i < dst.shape().elements(); i++) {
            if (to.isFloating()) {
                // Java rounds a long once; by way of a double it would be twice.
                dst.set(i, real ? src.get(i) : (float) src.getLong(i));
            } else if (to == DataType.BOOL) {
                dst.setLong(i, (real ? src.get(i) != 0 : src.getLong(i) != 0) ? 1 : 0);
            } else {
                dst.setLong(i, real ? integer(src.get(i), to) : src.getLong(i));
            }
        }
    }

    private static long integer(double value, DataType to) {
        // Java's own conversion saturates to 64 bits, and makes 0 of what is not a number.
        return to == DataType.S64 ? (long) value : Math.clamp((long) value, (int) to.min(), (int) to.max());
    }
}
