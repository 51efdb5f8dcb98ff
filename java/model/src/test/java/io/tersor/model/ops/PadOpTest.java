package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Parallelism;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Padding, against the place of each single element. */
class PadOpTest {
    private static int place(String mode, long position, int extent) {
        return switch (mode) {
            case "constant" -> position >= 0 && position < extent ? (int) position : -1;
            case "edge" -> (int) Math.max(0, Math.min(position, extent - 1));
            case "wrap" -> (int) ((position % extent + extent) % extent);
            default -> {
                long at = position;
                while (at < 0 || at >= extent) {
                    at = at < 0 ? -at : 2L * (extent - 1) - at;
                }
                yield (int) at;
            }
        };
    }

    @Test
    void elementsComeFromTheirPlaces() {
        try (Parallelism threads = Parallelism.of(3)) {
            for (String mode : List.of("constant", "edge", "wrap", "reflect")) {
                for (DataType type : new DataType[] {DataType.U8, DataType.BF16, DataType.F32, DataType.S64}) {
                    compare(mode, type, Shape.of(37), threads, 12, 30);
                    compare(mode, type, Shape.of(3, 5, 7), threads, 2, 0, 3, 1, 4, 2);
                    compare(mode, type, Shape.of(3, 5, 29), threads, -1, 2, -3, 0, -2, 14);
                }
                compare(mode, DataType.F32, Shape.of(2, 61, 43, 57), threads, 0, 1, 1, 1, 1, 0, 2, 9);
                compare(mode, DataType.F32, Shape.of(3, 1030), threads, 1, 2, 1, 1);
                compare(mode, DataType.S32, Shape.of(3, 5, 29), threads, 0, -2, 20, 1, 1, -7);
                compare(mode, DataType.F32, Shape.of(300, 20), threads, 1, 1, 1, 1);
                compare(mode, DataType.F32, Shape.of(5, 3, 9), threads, 0, 1, -9, 0, 0, 3);
            }
        }
    }

    private static void compare(String mode, DataType type, Shape from, Parallelism threads, long... pads) {
        Tensor x = Tensor.allocate(Arena.ofAuto(), type, from);
        byte[] bits = new byte[(int) x.data().byteSize()];
        new Random(5).nextBytes(bits);
        x.data().copyFrom(MemorySegment.ofArray(bits));
        Tensor given = Tensor.ofLongs(Arena.ofAuto(), Shape.of(pads.length), pads);
        Tensor constant = Tensor.allocate(Arena.ofAuto(), type, Shape.of());
        constant.set(0, 3);
        Tensor[] in = mode.equals("constant") ? new Tensor[] {x, given, constant} : new Tensor[] {x, given};
        Computation pad = PlainReference.computation(Node.of("node", "Pad", List.of(), List.of("y"),
                Attributes.NONE.with("mode", mode)), in);
        Shape to = pad.outputs().getFirst().shape();
        for (Parallelism parallelism : new Parallelism[] {Parallelism.SINGLE, threads}) {
            Tensor y = Tensor.allocate(Arena.ofAuto(), type, to);
            ((SharedBody) pad.body()).run(in, new Tensor[] {y}, parallelism);
            int bytes = type.bits() / 8;
            for (long i = 0; i < to.elements(); i++) {
                long rest = i;
                long source = 0;
                boolean outside = false;
                long stride = 1;
                for (int axis = to.rank() - 1; axis >= 0; axis--) {
                    int place = place(mode, rest % to.dim(axis) - pads[axis], (int) from.dim(axis));
                    outside |= place < 0;
                    source += stride * place;
                    stride *= from.dim(axis);
                    rest /= to.dim(axis);
                }
                MemorySegment expected = outside ? constant.data() : x.data().asSlice(source * bytes, bytes);
                assertEquals(-1, expected.mismatch(y.data().asSlice(i * bytes, bytes)),
                        mode + " " + type + " " + from + " element " + i);
            }
        }
    }
}
