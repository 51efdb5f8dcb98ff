package io.tersor.backend.vector;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Conv2dSpec;
import io.tersor.tensor.Tensor;

/** Reads weights [oc, ic / groups, kh, kw] in the order of {@link WindowRows}; integers less their zero point. */
final class ConvWeights {
    private final Conv2dSpec spec;
    private final Tensor weights;
    private final int groupIc;

    ConvWeights(Conv2dSpec spec, Tensor weights) {
        this.spec = spec;
        this.weights = weights;
        this.groupIc = spec.ic() / spec.groups();
    }

    /**
     * Returns one weight.
     *
     * @param row (ky * kw + kx) * ic / groups + c
     * @param oc the output channel
     */
    float get(int row, int oc) {
        int tap = row / groupIc;
        int kw = spec.window().kw();
        long element = oc * weights.stride(0) + row % groupIc * weights.stride(1) + tap / kw * weights.stride(2)
                + tap % kw * weights.stride(3);
        return spec.isInteger() ? weights.data().get(JAVA_BYTE, element) - spec.weightsParams().zeroPoint(oc)
                : weights.data().getAtIndex(JAVA_FLOAT, element);
    }
}
