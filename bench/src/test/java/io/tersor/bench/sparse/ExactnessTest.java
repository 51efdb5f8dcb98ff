package io.tersor.bench.sparse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.product.ProductContender;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ProductWorkload;
import io.tersor.bench.product.WeightZeros;
import io.tersor.kernel.Backend;
import io.tersor.kernel.PrepareOptions;
import io.tersor.sparse.SparseFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A kernel of other weights is a wrong kernel. */
class ExactnessTest {
    private static final GemmShape SHAPE = new GemmShape(5, 67, 9);
    private static final PrepareOptions SCALAR = PrepareOptions.DEFAULT.on(Backend.SCALAR);
    private static final PrepareOptions NATIVE = PrepareOptions.DEFAULT.on(Backend.NATIVE);
    private static final WeightZeros ZEROS = new Pruning(SparseFormat.CSR, 0.5);
    /** The same but for one weight of each output. */
    private static final WeightZeros OTHERS = weights -> {
        ZEROS.applyTo(weights);
        for (int output = 0; output < SHAPE.n(); output++) {
            int index = output * SHAPE.k();
            weights.set(index, weights.get(index) == 0 ? 127 : 0);
        }
    };

    @BeforeEach
    void needsNative() {
        assumeFalse(System.getProperty("tersor.test.missing", "").contains("native"), "this build has no C libraries");
    }

    @Test
    void aWrongKernelIsClosedAndNotTimed() {
        try (ProductWorkload workload = SHAPE.workload(ProductTypes.U8S8U8, ZEROS);
                ProductWorkload others = SHAPE.workload(ProductTypes.U8S8U8, OTHERS)) {
            ProductContender wrong = others.prepare(SCALAR, 1);
            String message = assertThrows(VerificationException.class,
                    () -> SparseContender.exact(() -> wrong, workload, NATIVE)).getMessage();
            assertTrue(message.contains("scalar/matmul_u8s8u8") && message.contains("native/"), message);
            assertThrows(IllegalStateException.class, () -> wrong.time(1));
        }
    }

    @Test
    void whatIsRightIsKept() {
        for (ProductTypes types : new ProductTypes[] {ProductTypes.U8S8U8, ProductTypes.U8S8S32}) {
            try (ProductWorkload workload = SHAPE.workload(types, ZEROS);
                    ProductContender scalar = SparseContender.exact(() -> workload.prepare(SCALAR, 1), workload,
                            NATIVE)) {
                assertEquals("scalar", scalar.name());
            }
        }
    }
}
