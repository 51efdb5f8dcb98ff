package io.tersor.model.ops;

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

    private static Computation prepare(OpContext context, int gates) {
        RecurrentLayout layout = RecurrentLayout.of(context, gates);
        List<TensorType> outputs = new ArrayList<>(List.of(new TensorType(context.type(0), layout.all()),
                new TensorType(context.type(0), layout.state())));
        if (gates == 4) {
            outputs.add(outputs.getLast());
        }
        RecurrentCell cell = RecurrentCell.of(context, layout);
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> run(layout, cell, in, out));
    }

    private static double[] optional(Tensor[] in, int index, int size) {
        return Elements.given(in, index) ? Elements.doubles(in[index]) : new double[size];
    }

    private static void run(RecurrentLayout layout, RecurrentCell cell, Tensor[] in, Tensor[] out) {
        int hidden = layout.hidden();
        int states = layout.directions() * layout.batch() * hidden;
        double[] x = Elements.doubles(in[0]);
        RecurrentCell.Weights weights = new RecurrentCell.Weights(Elements.doubles(in[1]), Elements.doubles(in[2]),
                optional(in, 3, layout.directions() * 2 * layout.gates() * hidden),
                layout.gates() == 4 ? optional(in, 7, layout.directions() * 3 * hidden) : new double[0]);
        double[] h = optional(in, 5, states);
        double[] c = layout.gates() == 4 ? optional(in, 6, states) : new double[states];
        if (Elements.given(out, 0)) {
            out[0].data().fill((byte) 0);
        }
        for (int direction = 0; direction < layout.directions(); direction++) {
            boolean reverse = layout.reverse(direction);
            for (int sequence = 0; sequence < layout.batch(); sequence++) {
                int length = Elements.given(in, 4) ? (int) Math.clamp(in[4].getLong(sequence), 0L, layout.steps())
                        : layout.steps();
                int at = layout.state(direction, sequence) * hidden;
                for (int step = 0; step < length; step++) {
                    int time = reverse ? length - 1 - step : step;
                    cell.step(direction, weights, x, layout.source(time, sequence) * layout.input(), h, c, at);
                    for (int i = 0; i < hidden && Elements.given(out, 0); i++) {
                        out[0].set((long) layout.result(time, direction, sequence) * hidden + i, h[at + i]);
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
