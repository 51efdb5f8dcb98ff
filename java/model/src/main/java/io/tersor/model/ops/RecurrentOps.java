package io.tersor.model.ops;

import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * RNN, GRU and LSTM in either direction or both, with peepholes, clipping and sequence lengths; in binary64. Formulas
 * and gate orders are those of the ONNX operators.
 *
 * <p>Of our own domain: QRNN, QGRU and QLSTM read a source of bytes, whose scale and zero point are inputs 8 and 9.
 * DynamicQuantizeLSTM is ONNX Runtime's: weights of bytes, [directions, elements, 4 * hidden], with their scales and
 * zero points, one or 4 * hidden for each direction, as inputs 8 to 11; the source as a whole (where steps come first:
 * up to the end of the longest sequence) and at each step the states of all sequences are quantized as
 * DynamicQuantizeLinear does. What a sequence's state counts as there behind its end is open; as in ONNX Runtime it is
 * the last one for a step, then 0 where all h are wanted, for it is read from among them.
 */
final class RecurrentOps {
    /** Where the parameters of quantized operands begin. */
    private static final int PARAMETERS = 8;

    private RecurrentOps() {}

    /** What becomes of operands before real arithmetic. */
    private enum Kind { REAL, QUANTIZED, DYNAMIC }

    static void register(Map<String, Operator> table) {
        register(table, "RNN", 1);
        register(table, "GRU", 3);
        register(table, "LSTM", 4);
        table.put(Node.INTERNAL + ".DynamicQuantizeLSTM", context -> prepare(context, 4, Kind.DYNAMIC));
    }

    private static void register(Map<String, Operator> table, String name, int gates) {
        table.put(name, context -> prepare(context, gates, Kind.REAL));
        table.put(Node.INTERNAL + ".Q" + name, context -> prepare(context, gates, Kind.QUANTIZED));
    }

    private static Computation prepare(OpContext context, int gates, Kind kind) {
        RecurrentLayout layout = RecurrentLayout.of(context, gates, kind == Kind.DYNAMIC);
        DataType type = kind == Kind.QUANTIZED ? context.type(PARAMETERS) : context.type(0);
        if (kind == Kind.DYNAMIC) {
            checkParameters(context, layout, 1);
            checkParameters(context, layout, 2);
        }
        List<TensorType> outputs = new ArrayList<>(List.of(new TensorType(type, layout.all()),
                new TensorType(type, layout.state())));
        if (gates == 4) {
            outputs.add(outputs.getLast());
        }
        RecurrentCell cell = RecurrentCell.of(context, layout);
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> run(layout, cell, kind, in, out));
    }

    /** Checks the scales and zero points of weights, input 1 or 2. */
    private static void checkParameters(OpContext context, RecurrentLayout layout, int weights) {
        int scale = PARAMETERS + 2 * (weights - 1);
        Shape one = Shape.of(layout.directions());
        Shape many = Shape.of(layout.directions(), (long) layout.gates() * layout.hidden());
        boolean bytes = context.type(weights) == DataType.U8 || context.type(weights) == DataType.S8;
        context.check(bytes, weights, "u8 or s8");
        context.check(context.type(scale) == DataType.F32
                && (context.shape(scale).equals(one) || context.shape(scale).equals(many)), scale,
                "f32 " + one + " or " + many);
        context.check(context.type(scale + 1) == context.type(weights)
                && context.shape(scale + 1).equals(context.shape(scale)), scale + 1,
                context.type(weights) + " " + context.shape(scale));
    }

    private static double[] optional(Tensor[] in, int index, int size) {
        return Elements.given(in, index) ? Elements.doubles(in[index]) : new double[size];
    }

    /** Returns the source as the operator sees it. */
    private static double[] source(RecurrentLayout layout, Kind kind, Tensor[] in) {
        double[] x = Elements.doubles(in[0]);
        if (kind == Kind.QUANTIZED) {
            double zeroPoint = Elements.given(in, PARAMETERS + 1) ? in[PARAMETERS + 1].get(0) : 0;
            for (int i = 0; i < x.length; i++) {
                x[i] = (float) (x[i] - zeroPoint) * (float) in[PARAMETERS].get(0);
            }
        } else if (kind == Kind.DYNAMIC) {
            double[] read = Arrays.copyOf(x, layout.rows(Elements.given(in, 4) ? in[4] : null) * layout.input());
            DynamicRange range = DynamicRange.of(read);
            for (int i = 0; i < read.length; i++) {
                x[i] = range.real(x[i]);
            }
        }
        return x;
    }

    /** Returns weights of input 1 or 2 as [directions, gates * hidden, elements]. */
    private static double[] weights(RecurrentLayout layout, Kind kind, Tensor[] in, int input) {
        double[] values = Elements.doubles(in[input]);
        if (kind != Kind.DYNAMIC) {
            return values;
        }
        Tensor scales = in[PARAMETERS + 2 * (input - 1)];
        Tensor zeroPoints = in[PARAMETERS + 2 * (input - 1) + 1];
        int outputs = layout.gates() * layout.hidden();
        int elements = values.length / (layout.directions() * outputs);
        boolean perTensor = scales.shape().rank() == 1;
        double[] weights = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int direction = i / (elements * outputs);
            int output = i % outputs;
            int parameter = perTensor ? direction : direction * outputs + output;
            int to = (direction * outputs + output) * elements + i / outputs % elements;
            weights[to] = (values[i] - zeroPoints.get(parameter)) * scales.get(parameter);
        }
        return weights;
    }

    private static void run(RecurrentLayout layout, RecurrentCell cell, Kind kind, Tensor[] in, Tensor[] out) {
        int hidden = layout.hidden();
        int states = layout.directions() * layout.batch() * hidden;
        double[] x = source(layout, kind, in);
        RecurrentCell.Weights weights = new RecurrentCell.Weights(weights(layout, kind, in, 1),
                weights(layout, kind, in, 2), optional(in, 3, layout.directions() * 2 * layout.gates() * hidden),
                layout.gates() == 4 ? optional(in, 7, layout.directions() * 3 * hidden) : new double[0]);
        double[] h = optional(in, 5, states);
        double[] c = layout.gates() == 4 ? optional(in, 6, states) : new double[states];
        if (Elements.given(out, 0)) {
            out[0].data().fill((byte) 0);
        }
        for (int direction = 0; direction < layout.directions(); direction++) {
            for (int step = 0; step < layout.steps(); step++) {
                double[] before = kind == Kind.DYNAMIC ? quantized(layout, direction, step, h, in, out) : h;
                for (int sequence = 0; sequence < layout.batch(); sequence++) {
                    int length = layout.length(Elements.given(in, 4) ? in[4] : null, sequence);
                    if (step < length) {
                        int at = layout.state(direction, sequence) * hidden;
                        int time = layout.reverse(direction) ? length - 1 - step : step;
                        cell.step(direction, weights, x, layout.source(time, sequence) * layout.input(), before, c, at);
                        System.arraycopy(before, at, h, at, hidden);
                        for (int i = 0; i < hidden && Elements.given(out, 0); i++) {
                            out[0].set((long) layout.result(time, direction, sequence) * hidden + i, h[at + i]);
                        }
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

    /** Returns states of which one direction's are quantized together; an LSTM uses them in its product alone. */
    private static double[] quantized(RecurrentLayout layout, int direction, int step, double[] h, Tensor[] in,
            Tensor[] out) {
        int hidden = layout.hidden();
        double[] own = new double[layout.batch() * hidden];
        for (int sequence = 0; sequence < layout.batch(); sequence++) {
            boolean forgotten = Elements.given(out, 0)
                    && step > layout.length(Elements.given(in, 4) ? in[4] : null, sequence);
            if (!forgotten) {
                System.arraycopy(h, layout.state(direction, sequence) * hidden, own, sequence * hidden, hidden);
            }
        }
        DynamicRange range = DynamicRange.of(own);
        double[] quantized = new double[h.length];
        for (int sequence = 0; sequence < layout.batch(); sequence++) {
            for (int i = 0; i < hidden; i++) {
                quantized[layout.state(direction, sequence) * hidden + i] = range.real(own[sequence * hidden + i]);
            }
        }
        return quantized;
    }
}
