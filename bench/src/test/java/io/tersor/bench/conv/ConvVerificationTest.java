package io.tersor.bench.conv;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.WeightZeros;
import io.tersor.kernel.Backend;
import io.tersor.kernel.PrepareOptions;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A wrong result is found, a right one is not refused; the scalar backend is the right one here. */
class ConvVerificationTest {
    private static final ConvShape SMALL = new ConvShape(6, 9, 8, 4, 3, 2, 2, 1, 2, 2, 1);
    private static final ConvShape DEPTHWISE = new ConvShape(5, 7, 6, 5, 3, 3, 1, 1, 1, 5, 1);
    /** More than is checked element by element. */
    private static final ConvShape LARGE = new ConvShape(64, 30, 30, 70, 3, 3, 1, 1, 1, 1, 1);

    @ParameterizedTest
    @EnumSource(value = ProductTypes.class, names = {"U8S8U8", "S8S8S8", "U8S8F32", "U8S8S32", "F32F32F32"})
    void everyWrongElementOfASmallResultIsFound(ProductTypes types) {
        for (ConvShape shape : new ConvShape[] {SMALL, DEPTHWISE}) {
            try (ConvWorkload workload = new ConvWorkload(shape, types, WeightZeros.NONE);
                    ProductContender scalar = workload.prepare(PrepareOptions.DEFAULT.on(Backend.SCALAR), 2)) {
                for (long i = 0; i < scalar.result().shape().elements(); i++) {
                    assertFound(workload, scalar.result(), i);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = ProductTypes.class, names = {"U8S8U8", "F32F32F32"})
    void theCornersOfALargeResultAreChecked(ProductTypes types) {
        try (ConvWorkload workload = new ConvWorkload(LARGE, types, WeightZeros.NONE);
                ProductContender scalar = workload.prepare(PrepareOptions.DEFAULT.on(Backend.SCALAR), 1)) {
            int last = LARGE.oh() * LARGE.ow() - 1;
            for (int pixel : new int[] {0, LARGE.ow() - 1, last - LARGE.ow() + 1, last}) {
                assertFound(workload, scalar.result(), (long) pixel * LARGE.oc());
                assertFound(workload, scalar.result(), (long) (pixel + 1) * LARGE.oc() - 1);
            }
        }
    }

    /** Changes an element by as little as must be found. */
    private static void assertFound(ConvWorkload workload, Tensor dst, long index) {
        double right = dst.get(index);
        DataType type = dst.type();
        // A result at a tie may go either way; two steps are always wrong.
        double step = type == DataType.F32 ? 0.01 : type == DataType.S32 ? 1 : 2;
        dst.set(index, right > type.max() - step ? right - step : right + step);
        String message = assertThrows(VerificationException.class, () -> workload.reference().check(dst, "who"))
                .getMessage();
        assertTrue(message.contains("who") && message.contains(workload.shape().toString()), message);
        dst.set(index, right);
        workload.reference().check(dst, "restored");
    }
}
