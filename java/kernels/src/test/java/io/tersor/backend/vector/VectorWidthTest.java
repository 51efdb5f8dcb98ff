package io.tersor.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.JavaProcess;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The products once more with narrower vectors than the machine's, in a JVM of their own. */
class VectorWidthTest {
    /** Runs the comparisons with the scalar backend. */
    static final class Products {
        private Products() {}

        public static void main(String[] arguments) {
            VectorMatMulTest matMul = new VectorMatMulTest();
            matMul.integersAgreeWithScalarBitForBit();
            matMul.extremeOperandsSumExactly();
            matMul.floatsStayWithinTheBound();
            VectorMatMulFeaturesTest features = new VectorMatMulFeaturesTest();
            features.everythingAgreesWithScalarBitForBit();
            features.dynamicRowsOfEveryKindAgreeWithScalarBitForBit();
            features.functionsAgreeWithTheirDefinitionsBitForBit();
            features.bfloat16RoundsAsDefined();
            VectorConv2dTest conv = new VectorConv2dTest();
            conv.integersAgreeWithScalarBitForBit();
            conv.floatsAgreeWithScalarClosely();
            System.out.println("agreed with " + Lanes.isa());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {128, 256})
    void narrowVectorsAgreeWithScalar(int bits) throws Exception {
        JavaProcess.Result result = JavaProcess.start(List.of(),
                List.of("--add-modules", "jdk.incubator.vector", "-Dtersor.vector.bits=" + bits), Products.class)
                .result();
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains("agreed with " + bits + "-bit"), result.output());
    }
}
