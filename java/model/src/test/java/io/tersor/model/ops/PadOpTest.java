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

/** Padding by what is there already, against the place of each single element. */
class PadOpTest {
    private static int place(String mode, long position, int extent) {
        return switch (mode) {
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
            for (String mode : List.of("edge", "wrap", "reflect")) {
                for (DataType type : new DataType[] {DataType.U8, DataType.BF16, DataType.F32, DataType.S64}) {
                    compare(mode, type, Shape.of(37), threads, 12, 30);
                    compare(mode, type, Shape.of(3, 5, 7), threads, 2, 0, 3, 1, 4, 2);
                    compare(mode, type, Shape.of(3, 5, 29), threads, -1, 2, -3, 0, -2, 14);
                }
                compare(mode, DataType.F32, Shape.of(2, 61, 43, 57), threads, 0, 1, 1, 1, 1, 0, 2, 9);
            }
        }
    }

    private static void compare(String mode, DataType type, Shape from, Parallelism threads, long... pads) {
        Tensor x = Tensor.allocate(Arena.ofAuto(), type, from);
        byte[] bits = new byte[(int) x.data().byteSize()];
        new Random(5).nextBytes(bits);
        x.data().copyFrom(MemorySegment.ofArray(bits));
        Tensor given = Tensor.ofLongs(Arena.ofAuto(), Shape.of(pads.length), pads);
        Computation pad = PlainReference.computation(Node.of("node", "Pad", List.of(), List.of("y"),
                Attributes.NONE.with("mode", mode)), x, given);
        Shape to = pad.outputs().getFirst().shape();
        for (Parallelism parallelism : new Parallelism[] {Parallelism.SINGLE, threads}) {
            Tensor y = Tensor.allocate(Arena.ofAuto(), type, to);
            ((SharedBody) pad.body()).run(new Tensor[] {x, given}, new Tensor[] {y}, parallelism);
            int bytes = type.bits() / 8;
            for (long i = 0; i < to.elements(); i++) {
                long rest = i;
                long source = 0;
                long stride = 1;
                for (int axis = to.rank() - 1; axis >= 0; axis--) {
                    source += stride * place(mode, rest % to.dim(axis) - pads[axis], (int) from.dim(axis));
                    stride *= from.dim(axis);
                    rest /= to.dim(axis);
                }
                assertEquals(-1, x.data().asSlice(source * bytes, bytes).mismatch(y.data().asSlice(i * bytes, bytes)),
                        mode + " " + type + " " + from + " element " + i);
            }
        }
    }
}
