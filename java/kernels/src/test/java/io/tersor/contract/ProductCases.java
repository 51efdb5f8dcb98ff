package io.tersor.contract;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MatMulSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.List;

/** What the specs of products allow, and their plainest cases. */
final class ProductCases {
    private static final double[] EMPTY = {};

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

    /** Returns a multiplication without bias and residual, see the other method. */
    static MatMulCase matMul(String group, List<ContractCase> cases, MatMulSpec spec, double[] src, double[] weights) {
        return matMul(group, cases, spec, new MatMulCase.Values(src, weights, EMPTY, EMPTY));
    }

    /** Returns a multiplication of contiguous matrices on one thread, for the end of a list. */
    static MatMulCase matMul(String group, List<ContractCase> cases, MatMulSpec spec, MatMulCase.Values values) {
        MatMulCase.Layout layout = MatMulCase.Layout.of(Shape.of(values.src().length / spec.k(), spec.k()), 0, 0,
                MatMulCase.WeightLayout.ROWS);
        return new MatMulCase(group + "-" + cases.size(), spec, layout, values, MatMulCase.Run.SINGLE);
    }
}
