package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.tensor.DataType;

/** What the specs of products allow. */
final class ProductCases {
    private ProductCases() {}

    /** Returns the bias nearest to a drawn one that the types allow. */
    static Bias possible(TypeCombo types, Bias drawn) {
        if (types.dst() == DataType.S32 && drawn == Bias.F32) {
            return Bias.S32;
        }
        return !types.isInteger() && drawn == Bias.S32 ? Bias.F32 : drawn;
    }

    /** Returns the drawn activation, or none where the sums are stored as they are. */
    static Activation possible(TypeCombo types, Activation drawn) {
        return types.dst() == DataType.S32 ? Activation.NONE : drawn;
    }
}
