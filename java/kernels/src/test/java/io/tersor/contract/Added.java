package io.tersor.contract;

import io.tersor.kernel.Residual;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Arrays;
import java.util.Optional;

/** What is added to a product's sums. */
enum Added {
    NONE, F32, U8, S8,
    /** A tensor of dst's type, which lies in dst itself. */
    DST;

    /** Returns this, or the nearest that goes with a destination. */
    Added possible(DataType dst) {
        return dst == DataType.S32 ? NONE : this == DST && dst == DataType.BF16 ? F32 : this;
    }

    /**
     * Returns the residual.
     *
     * @param size of the sums, roughly
     */
    Optional<Residual> residual(Draw draw, DataType dst, double size) {
        DataType type = switch (this) {
            case NONE, F32 -> DataType.F32;
            case U8 -> DataType.U8;
            case S8 -> DataType.S8;
            case DST -> dst;
        };
        if (this == NONE || type == DataType.F32) {
            return this == NONE ? Optional.empty() : Optional.of(Residual.F32);
        }
        return Optional.of(new Residual(type, QuantParams.perTensor((float) (size / (50 + draw.below(50))),
                Draw.zeroPoint(type, draw.below(4)))));
    }

    /** Returns a residual's values; none without one. */
    static double[] values(Draw draw, Optional<Residual> residual, long count, double size, int specials) {
        if (residual.isEmpty()) {
            return new double[0];
        }
        double[] values = draw.values(residual.get().type(), count);
        if (residual.get().type() != DataType.F32) {
            return values;
        }
        double[] sized = Arrays.stream(values).map(x -> (float) (x * size)).toArray();
        draw.sprinkle(sized, specials);
        return sized;
    }
}
