package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.tensor.DataType;
import java.util.List;

/** The types of a product's operands. */
record TypeCombo(DataType src, DataType weights, DataType dst) {
    /** Every combination that the specs accept. */
    static final List<TypeCombo> ALL = List.of(new TypeCombo(F32, F32, F32),
            new TypeCombo(U8, S8, S32), new TypeCombo(U8, S8, F32), new TypeCombo(U8, S8, U8),
            new TypeCombo(U8, S8, S8),
            new TypeCombo(S8, S8, S32), new TypeCombo(S8, S8, F32), new TypeCombo(S8, S8, U8),
            new TypeCombo(S8, S8, S8));

    boolean isInteger() {
        return src != F32;
    }

    @Override
    public String toString() {
        return "" + src + weights + dst;
    }
}
