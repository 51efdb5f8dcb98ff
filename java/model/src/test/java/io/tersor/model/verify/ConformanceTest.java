package io.tersor.model.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.model.NetworkOptions;
import io.tersor.model.SharedFiles;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConformanceTest {
    /** What the cases needed when this was written; more may pass, fewer must not. */
    private static final int PASSING = 444;

    @Test
    void noCaseFailsAndNoneIsLost() {
        List<String> failures = new ArrayList<>();
        int passed = 0;
        for (ConformanceCase one : ConformanceCase.find(SharedFiles.path("onnx-node-tests"))) {
            ConformanceCase.Result result = one.run(NetworkOptions.DEFAULT.on(Backend.SCALAR));
            switch (result.status()) {
                case PASS -> passed++;
                case FAIL -> failures.add(result.name() + ": " + result.detail());
                case UNSUPPORTED -> { }
            }
        }
        assertEquals(List.of(), failures);
        assertTrue(passed >= PASSING, passed + " cases pass, " + PASSING + " did before");
    }

    @Test
    void differencesAreFound() {
        Arena arena = Arena.ofAuto();
        Tensor expected = Tensor.ofFloats(arena, Shape.of(3), 1f, 2f, Float.NaN);
        assertEquals(Optional.empty(), Comparison.difference(expected, expected));
        assertEquals(Optional.of("largest error 0.5 at element 1: expected 2.0, got 2.5"),
                Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(3), 1f, 2.5f, Float.NaN)));
        assertTrue(Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(3), 1f, 2f, 0f)).isPresent());
        assertTrue(Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(1), 1f)).isPresent());
        Tensor integers = Tensor.ofLongs(arena, Shape.of(1), 5);
        assertTrue(Comparison.difference(integers, Tensor.ofLongs(arena, Shape.of(1), 6)).isPresent());
    }
}
