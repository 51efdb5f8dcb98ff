package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.measure.VerificationException;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Outputs that differ are found, by their norm and by their largest elements. */
class AgreementTest {
    private static final Arena ARENA = Arena.ofAuto();

    private static Map<String, Tensor> output(Shape shape, float... values) {
        return Map.of("y", Tensor.ofFloats(ARENA, shape, values));
    }

    @Test
    void theErrorIsThatOfTheNorm() {
        Map<String, Tensor> expected = output(Shape.of(1, 2, 1), 3, 4);
        Agreement agreement = Agreement.of(output(Shape.of(1, 2, 1), 3, 4.5f), expected);
        assertEquals(0.1, agreement.relativeError(), 1e-12);
        assertTrue(agreement.sameClass().isEmpty(), "no classes in three dimensions");
        agreement.check(0.11, "other");
        String message = assertThrows(VerificationException.class, () -> agreement.check(0.09, "other")).getMessage();
        assertTrue(message.contains("other") && message.contains("0.09"), message);
    }

    @Test
    void theLargestElementsAreCompared() {
        Map<String, Tensor> expected = output(Shape.of(2, 3), 1, 2, 3, 10, 10.2f, 8.2f);
        Agreement agreement = Agreement.of(output(Shape.of(2, 3), 1, 2, 3, 10.3f, 10.2f, 8.2f), expected);
        assertEquals(0.5, agreement.sameClass().orElseThrow());
        assertEquals(0.1, agreement.regret(), 1e-6);
        assertThrows(VerificationException.class, () -> agreement.check(0.05, "other"));
    }

    @Test
    void nearTiesMayGoEitherWay() {
        Map<String, Tensor> expected = output(Shape.of(1, 3), 10, 10.02f, 8);
        Agreement agreement = Agreement.of(output(Shape.of(1, 3), 10.03f, 10.02f, 8), expected);
        assertEquals(0, agreement.sameClass().orElseThrow());
        agreement.check(0.05, "other");
    }

    @Test
    void whatIsNoNumberDoesNotAgree() {
        Map<String, Tensor> expected = output(Shape.of(2), 1, 2);
        assertThrows(VerificationException.class,
                () -> Agreement.of(output(Shape.of(2), Float.NaN, 2), expected).check(0.05, "other"));
    }
}
