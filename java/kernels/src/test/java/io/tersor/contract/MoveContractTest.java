package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S64;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.MoveSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Strided moves on every backend, bit for bit. */
@Tag("isa-tiers")
class MoveContractTest {
    private static final DataType[] TYPES = {F32, U8, S8, BF16, S64};

    @TestFactory
    Stream<DynamicNode> moves() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : TYPES) {
            // Transposes, of one and of several axes, pairs and repeated pairs, and large ones for several threads.
            add(cases, type, Shape.of(67, 70), 0, Shape.of(70, 67), 1, 70);
            add(cases, type, Shape.of(3, 5, 7, 9), 0, Shape.of(9, 7, 5, 3), 1, 9, 63, 315);
            add(cases, type, Shape.of(2, 33, 19), 0, Shape.of(33, 19, 2), 19, 1, 627);
            add(cases, type, Shape.of(6, 50), 0, Shape.of(6, 2, 25), 50, 1, 2);
            add(cases, type, Shape.of(5, 21), 0, Shape.of(5, 2, 21, 2), 21, 0, 1, 0);
            add(cases, type, Shape.of(801, 1503), 0, Shape.of(1503, 801), 1, 1503);
            add(cases, type, Shape.of(2, 550_001), 0, Shape.of(2, 550_001), 550_001, 1);
            // A slice, one backwards, repetitions, one element, one of none.
            add(cases, type, Shape.of(20, 30), 63, Shape.of(9, 21), 60, 1);
            add(cases, type, Shape.of(20, 30), 599, Shape.of(20, 15), -30, -2);
            add(cases, type, Shape.of(17), 0, Shape.of(3, 17, 5), 0, 1, 0);
            add(cases, type, Shape.of(), 0, Shape.of(1000), 0);
            add(cases, type, Shape.of(4), 3, Shape.of(1), 1);
            add(cases, type, Shape.of(4, 0), 0, Shape.of(0, 4), 1, 1);
            add(cases, type, Shape.of(1024), 0, Shape.of(2, 2, 2, 2, 2, 2, 2, 2, 2, 2), 1, 2, 4, 8, 16, 32, 64, 128, 256,
                    512);
        }
        return ContractSuite.of(MoveContractTest.class, cases);
    }

    private static void add(List<ContractCase> cases, DataType type, Shape src, long offset, Shape dims,
            long... strides) {
        String id = "move_" + type + "-" + cases.size() / 2;
        double[] from = new Draw(id).values(type == S64 ? DataType.S32 : type, src.elements());
        double[] values = new double[(int) dims.elements()];
        for (int i = 0; i < values.length; i++) {
            long at = offset;
            long rest = i;
            for (int axis = dims.rank() - 1; axis >= 0; axis--) {
                at += rest % dims.dim(axis) * strides[axis];
                rest /= dims.dim(axis);
            }
            values[i] = from[(int) at];
        }
        MoveSpec spec = new MoveSpec(type, src, dims, offset, dims, Arrays.stream(strides).boxed().toList());
        UnaryCase one = new UnaryCase(id, spec, src, from, Expected.exact(values));
        cases.add(one);
        cases.add(new UnaryCase(id + "b", spec, src, from, Expected.exact(values)).on(3));
    }

    @Test
    void placesOutsideAreRefused() {
        Shape src = Shape.of(4, 5);
        Shape dims = Shape.of(5, 4);
        List<Long> strides = List.of(1L, 5L);
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, dims, 1, dims, strides));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, dims, -1, dims, strides));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, dims, 0, dims, List.of(1L, -5L)));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, dims, 0, dims, List.of(1L, Long.MAX_VALUE)));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, dims, 0, dims, List.of(1L)));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, src, src, 0, Shape.of(4), List.of(1L)));
        assertThrows(OperandException.class, () -> new MoveSpec(DataType.S4, src, dims, 0, dims, strides));
        assertThrows(OperandException.class, () -> new MoveSpec(F32, Shape.of(), Shape.of(), 0, Shape.of(), List.of()));
    }
}
