package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * RNN, GRU and LSTM in either direction or both, with peepholes, clipping and sequence lengths; in binary64. Formulas
 * and gate orders are those of the ONNX operators.
 */
final class RecurrentOps {
    private RecurrentOps() {}

    static void register(Map<String, Operator> table) {
        table.put("RNN", context -> prepare(context, 1));
        table.put("GRU", context -> prepare(context, 3));
        table.put("LSTM", context -> prepare(context, 4));
    }

    /** Extents and attributes of one node. */
    record Layout(int gates, int steps, int batch, int input, int hidden, int directions, boolean reverseOnly,
            boolean batchFirst) {
        /** Returns the index of the source's first element of one step and sequence. */
        int source(int step, int sequence) {
            return (batchFirst ? sequence * steps + step : step * batch + sequence) * input;
        }

        int result(int step, int direction, int sequence) {
            return (batchFirst ? (sequence * steps + step) * directions + direction
                    : (step * directions + direction) * batch + sequence) * hidden;
        }

        int state(int direction, int sequence) {
            return (batchFirst ? sequence * directions + direction : direction * batch + sequence) * hidden;
        }
    }

    private static Computation prepare(OpContext context, int gates) {
        Shape x = context.shape(0);
        Shape w = context.shape(1);
        context.check(x.rank() == 3, 0, "rank 3");
        boolean batchFirst = context.attributes().integer("layout", 0) != 0;
        String direction = context.attributes().text("direction", "forward");
        int directions = direction.equals("bidirectional") ? 2 : 1;
        long hidden = context.attributes().integer("hidden_size", w.rank() == 3 ? w.dim(1) / gates : 0);
        context.check(w.equals(Shape.of(directions, gates * hidden, x.dim(2))), 1,
                Shape.of(directions, gates * hidden, x.dim(2)).toString());
        context.check(context.shape(2).equals(Shape.of(directions, gates * hidden, hidden)), 2,
                Shape.of(directions, gates * hidden, hidden).toString());
        int steps = Math.toIntExact(x.dim(batchFirst ? 1 : 0));
        int batch = Math.toIntExact(x.dim(batchFirst ? 0 : 1));
        Layout layout = new Layout(gates, steps, batch, Math.toIntExact(x.dim(2)), Math.toIntExact(hidden), directions,
                direction.equals("reverse"), batchFirst);
        Shape state = batchFirst ? Shape.of(batch, directions, hidden) : Shape.of(directions, batch, hidden);
        checkOptional(context, 3, Shape.of(directions, 2L * gates * hidden));
        checkOptional(context, 4, Shape.of(batch));
        checkOptional(context, 5, state);
        if (gates == 4) {
            checkOptional(context, 6, state);
            checkOptional(context, 7, Shape.of(directions, 3 * hidden));
        }
        Shape all = batchFirst
                ? Shape.of(batch, steps, directions, hidden) : Shape.of(steps, directions, batch, hidden);
        List<TensorType> outputs = new ArrayList<>(List.of(new TensorType(context.type(0), all),
                new TensorType(context.type(0), state)));
        if (gates == 4) {
            outputs.add(new TensorType(context.type(0), state));
        }
        RecurrentCell cell = RecurrentCell.of(context, gates, directions, layout);
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> run(layout, cell, in, out));
    }

    private static void checkOptional(OpContext context, int input, Shape shape) {
        if (context.has(input)) {
            context.check(context.shape(input).equals(shape), input, shape.toString());
        }
    }

    private static double[] optional(Tensor[] in, int index, int size) {
        return Elements.given(in, index) ? Elements.doubles(in[index]) : new double[size];
    }

    private static void run(Layout layout, RecurrentCell cell, Tensor[] in, Tensor[] out) {
        int hidden = layout.hidden;
        int states = layout.directions * layout.batch * hidden;
        double[] x = Elements.doubles(in[0]);
        RecurrentCell.Weights weights = new RecurrentCell.Weights(Elements.doubles(in[1]), Elements.doubles(in[2]),
                optional(in, 3, layout.directions * 2 * layout.gates * hidden),
                layout.gates == 4 ? optional(in, 7, layout.directions * 3 * hidden) : new double[0]);
        double[] h = optional(in, 5, states);
        double[] c = layout.gates == 4 ? optional(in, 6, states) : new double[states];
        if (Elements.given(out, 0)) {
            out[0].data().fill((byte) 0);
        }
        for (int direction = 0; direction < layout.directions; direction++) {
            boolean reverse = layout.reverseOnly || direction == 1;
            for (int sequence = 0; sequence < layout.batch; sequence++) {
                int length = Elements.given(in, 4) ? (int) Math.clamp(in[4].getLong(sequence), 0L, layout.steps)
                        : layout.steps;
                int at = layout.state(direction, sequence);
                for (int step = 0; step < length; step++) {
                    int time = reverse ? length - 1 - step : step;
                    cell.step(direction, weights, x, layout.source(time, sequence), h, c, at);
                    for (int i = 0; i < hidden && Elements.given(out, 0); i++) {
                        out[0].set(layout.result(time, direction, sequence) + i, h[at + i]);
                    }
                }
            }
        }
        for (int i = 0; i < states; i++) {
            if (Elements.given(out, 1)) {
                out[1].set(i, h[i]);
            }
            if (Elements.given(out, 2)) {
                out[2].set(i, c[i]);
            }
        }
    }
}
