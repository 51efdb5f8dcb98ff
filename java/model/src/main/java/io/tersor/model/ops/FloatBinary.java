package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;

/** The four basic operations on f32 rows, in loops that the JIT compiler can vectorize. */
final class FloatBinary {
    private FloatBinary() {}

    static Computation.Body body(String operator, BroadcastLoop loop, DoubleBinaryOperator function) {
        return (in, out) -> {
            MemorySegment a = in[0].data();
            MemorySegment b = in[1].data();
            MemorySegment c = out[0].data();
            switch (operator) {
                case "Add" -> loop.run((to, at, step, count) ->
                        add(a, at[0], step[0], b, at[1], step[1], c, to, count));
                case "Sub" -> loop.run((to, at, step, count) ->
                        sub(a, at[0], step[0], b, at[1], step[1], c, to, count));
                case "Mul" -> loop.run((to, at, step, count) ->
                        mul(a, at[0], step[0], b, at[1], step[1], c, to, count));
                case "Div" -> loop.run((to, at, step, count) ->
                        div(a, at[0], step[0], b, at[1], step[1], c, to, count));
                default -> loop.run((to, at, step, count) -> {
                    for (long i = 0; i < count; i++) {
                        c.setAtIndex(JAVA_FLOAT, to + i, (float) function.applyAsDouble(
                                at(a, at[0] + i * step[0]), at(b, at[1] + i * step[1])));
                    }
                });
            }
        };
    }

    private static float at(MemorySegment segment, long index) {
        return segment.getAtIndex(JAVA_FLOAT, index);
    }

    private static void add(MemorySegment a, long ai, long as, MemorySegment b, long bi, long bs, MemorySegment c,
            long ci, long count) {
        for (long i = 0; i < count; i++) {
            c.setAtIndex(JAVA_FLOAT, ci + i, at(a, ai + i * as) + at(b, bi + i * bs));
        }
    }

    private static void sub(MemorySegment a, long ai, long as, MemorySegment b, long bi, long bs, MemorySegment c,
            long ci, long count) {
        for (long i = 0; i < count; i++) {
            c.setAtIndex(JAVA_FLOAT, ci + i, at(a, ai + i * as) - at(b, bi + i * bs));
        }
    }

    private static void mul(MemorySegment a, long ai, long as, MemorySegment b, long bi, long bs, MemorySegment c,
            long ci, long count) {
        for (long i = 0; i < count; i++) {
            c.setAtIndex(JAVA_FLOAT, ci + i, at(a, ai + i * as) * at(b, bi + i * bs));
        }
    }

    private static void div(MemorySegment a, long ai, long as, MemorySegment b, long bi, long bs, MemorySegment c,
            long ci, long count) {
        for (long i = 0; i < count; i++) {
            c.setAtIndex(JAVA_FLOAT, ci + i, at(a, ai + i * as) / at(b, bi + i * bs));
        }
    }
}
