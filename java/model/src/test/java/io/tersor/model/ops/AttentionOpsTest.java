package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class AttentionOpsTest {
    private static final Arena ARENA = Arena.ofAuto();

    /** Without scores the output is the mean of the visible values, and each value is its own position. */
    @Test
    void windowsLimitWhatAQuerySees() {
        Tensor queries = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 1, 4, 1));
        Tensor keys = Tensor.allocate(ARENA, DataType.F32, Shape.of(1, 1, 6, 1));
        Tensor values = Tensor.ofFloats(ARENA, Shape.of(1, 1, 6, 1), 0, 1, 2, 3, 4, 5);
        Attributes window = Attributes.NONE.with("left_window_size", 2).with("right_window_size", 1);
        assertValues(run("Attention", 25, window, queries, keys, values), 0.5, 1, 1.5, 2.5);
        assertValues(run("Attention", 25, window.with("is_causal", 1), queries, keys, values), 0, 0.5, 1, 2);
        assertValues(run("Attention", 25, Attributes.NONE.with("right_window_size", 0), queries, keys, values),
                0, 0.5, 1, 1.5);
        assertThrows(OperandException.class, () -> run("Attention", 25, window.with("left_window_size", -2), queries,
                keys, values));
    }
}
