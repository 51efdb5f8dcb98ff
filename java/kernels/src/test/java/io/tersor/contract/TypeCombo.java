package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.tensor.DataType;
import java.util.List;

/** The types of a product's operands. */
record TypeCombo(DataType src, DataType weights, DataType dst) {
    /** Every combination that convolutions accept. */
    static final List<TypeCombo> CONV2D = List.of(new TypeCombo(F32, F32, F32),
            new TypeCombo(U8, S8, S32), new TypeCombo(U8, S8, F32), new TypeCombo(U8, S8, U8),
            new TypeCombo(U8, S8, S8),
            new TypeCombo(S8, S8, S32), new TypeCombo(S8, S8, F32), new TypeCombo(S8, S8, U8),
            new TypeCombo(S8, S8, S8));

    /** Every combination that matrix multiplications accept. */
    static final List<TypeCombo> MATMUL = List.of(new TypeCombo(F32, F32, F32), new TypeCombo(F32, F32, BF16),
            new TypeCombo(BF16, BF16, F32), new TypeCombo(BF16, BF16, BF16),
            new TypeCombo(F32, S8, F32), new TypeCombo(F32, S8, BF16),
            new TypeCombo(U8, S8, S32), new TypeCombo(U8, S8, F32), new TypeCombo(U8, S8, BF16),
            new TypeCombo(U8, S8, U8), new TypeCombo(U8, S8, S8),
            new TypeCombo(S8, S8, S32), new TypeCombo(S8, S8, F32), new TypeCombo(S8, S8, BF16),
            new TypeCombo(S8, S8, U8), new TypeCombo(S8, S8, S8));

    /** Returns whether src and weights are integers. */
    boolean isInteger() {
        return !src.isFloating();
    }

    /** Returns whether the sums are those of integers: given ones, or quantized at run time. */
    boolean sumsIntegers() {
        return weights == S8;
    }

    @Override
    public String toString() {
        return "" + src + weights + dst;
    }
}
