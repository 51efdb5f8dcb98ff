package io.tersor.contract;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S64;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.PadSpec.Mode;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Padding on every backend, bit for bit. */
@Tag("isa-tiers")
class PadContractTest {
    private static final DataType[] TYPES = {F32, U8, BF16, S64};

    @TestFactory
    Stream<DynamicNode> pads() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : TYPES) {
            for (Mode mode : Mode.values()) {
                add(cases, type, mode, Shape.of(37), 12, 30);
                add(cases, type, mode, Shape.of(3, 5, 7), 2, 0, 3, 1, 4, 2);
                // Cropped, on one side and on both; more than one period; one element; batches.
                add(cases, type, mode, Shape.of(3, 5, 29), -1, 2, -3, 0, -2, 14);
                add(cases, type, mode, Shape.of(40, 29), -3, 2, -30, 12);
                add(cases, type, mode, Shape.of(2, 4), 0, 9, 0, 11);
                add(cases, type, mode, Shape.of(1, 1), 2, 1, 1, 1);
                add(cases, type, mode, Shape.of(2, 3, 9, 17), 0, 0, 1, 1, 0, 0, 1, 1);
                add(cases, type, mode, Shape.of(3, 2), 0, 0, 0, -2);
                add(cases, type, mode, Shape.of(5, 500, 803), 0, 3, 1, 0, 2, 1);
            }
            add(cases, type, Mode.CONSTANT, Shape.of(0, 3), 1, 1, 2, 0);
            add(cases, type, Mode.CONSTANT, Shape.of(2, 1, 1, 1, 1, 1, 1, 1, 3), new long[18]);
        }
        return ContractSuite.of(PadContractTest.class, cases);
    }

    /** @param pads what comes before on each axis, then what comes after */
    private static void add(List<ContractCase> cases, DataType type, Mode mode, Shape src, long... pads) {
        int rank = src.rank();
        String id = "pad_" + mode + "_" + type + "-" + cases.size();
        long[] dims = src.dims();
        List<Long> before = new ArrayList<>();
        for (int axis = 0; axis < rank; axis++) {
            dims[axis] += pads[axis] + pads[rank + axis];
            before.add(pads[axis]);
        }
        Shape dst = Shape.of(dims);
        double[] from = new Draw(id).values(type == S64 ? DataType.S32 : type, src.elements());
        double[] values = new double[(int) dst.elements()];
        for (int i = 0; i < values.length; i++) {
            long at = 0;
            long rest = i;
            long stride = 1;
            boolean outside = false;
            for (int axis = rank - 1; axis >= 0; axis--) {
                long place = place(mode, rest % dims[axis] - pads[axis], src.dim(axis));
                outside |= place < 0;
                at += place * stride;
                stride *= src.dim(axis);
                rest /= dims[axis];
            }
            values[i] = outside ? 3 : from[(int) at];
        }
        long three = switch (type) {
            case F32 -> Float.floatToRawIntBits(3);
            case BF16 -> Float.floatToRawIntBits(3) >>> 16;
            default -> 3;
        };
        PadSpec spec = new PadSpec(type, src, dst, before, mode, three);
        UnaryCase one = new UnaryCase(id, spec, src, from, Expected.exact(values));
        cases.add(values.length > 1 << 20 ? one.on(3) : one);
    }

    private static long place(Mode mode, long position, long extent) {
        long at = mode == Mode.REFLECT && extent == 1 ? 0 : position;
        while (mode != Mode.CONSTANT && mode != Mode.EDGE && (at < 0 || at >= extent)) {
            if (mode == Mode.WRAP) {
                at += at < 0 ? extent : -extent;
            } else {
                at = at < 0 ? -at : 2 * (extent - 1) - at;
            }
        }
        return mode == Mode.EDGE ? Math.max(0, Math.min(at, extent - 1)) : at < 0 || at >= extent ? -1 : at;
    }

    @Test
    void extentsThatDoNotFitAreRefused() {
        Shape src = Shape.of(4, 5);
        List<Long> none = List.of(0L, 0L);
        assertThrows(OperandException.class, () -> new PadSpec(DataType.S4, src, src, none, Mode.EDGE, 0));
        assertThrows(OperandException.class, () -> new PadSpec(F32, src, Shape.of(20), none, Mode.EDGE, 0));
        assertThrows(OperandException.class, () -> new PadSpec(F32, src, src, List.of(0L), Mode.EDGE, 0));
        assertThrows(OperandException.class, () -> new PadSpec(F32, Shape.of(), Shape.of(), List.of(), Mode.EDGE, 0));
        assertThrows(OperandException.class, () -> new PadSpec(F32, Shape.of(0, 2), src, none, Mode.EDGE, 0));
    }
}
