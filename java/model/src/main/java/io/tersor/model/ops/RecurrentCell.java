package io.tersor.model.ops;

import io.tersor.kernel.MapSpec;
import java.util.List;

/**
 * One step of a recurrent operator.
 *
 * @param clip bound of what goes into activations, infinity for none
 * @param inputForget whether the LSTM's forget gate is one minus its input gate
 * @param linearBeforeReset whether the GRU's reset gate acts behind the recurrent product
 */
record RecurrentCell(RecurrentLayout layout, double clip, boolean inputForget, boolean linearBeforeReset) {
    /** The constants: input weights, recurrent weights, biases (both), peepholes. */
    record Weights(double[] w, double[] r, double[] b, double[] p) {}

    static RecurrentCell of(OpContext context, RecurrentLayout layout) {
        return new RecurrentCell(layout, context.attributes().real("clip", Float.POSITIVE_INFINITY),
                context.attributes().integer("input_forget", 0) != 0,
                context.attributes().integer("linear_before_reset", 0) != 0);
    }

    /** Replaces the state h (and c, for LSTM) of one sequence, which starts at {@code at}, by that of the next step. */
    void step(int direction, Weights weights, double[] x, int xAt, double[] h, double[] c, int at) {
        switch (layout.gates()) {
            case 1 -> rnn(direction, weights, x, xAt, h, at);
            case 3 -> gru(direction, weights, x, xAt, h, at);
            default -> lstm(direction, weights, x, xAt, h, c, at);
        }
    }

    private double bound(double value) {
        return Math.clamp(value, -clip, clip);
    }

    /** W * x plus its bias for one gate and unit. */
    private double input(int direction, Weights weights, int row, double[] x, int xAt) {
        int rows = layout.gates() * layout.hidden();
        double sum = weights.b[direction * 2 * rows + row];
        int from = (direction * rows + row) * layout.input();
        for (int i = 0; i < layout.input(); i++) {
            sum += weights.w[from + i] * x[xAt + i];
        }
        return sum;
    }

    /** R * h plus its bias for one gate and unit. */
    private double recurrent(int direction, Weights weights, int row, double[] h, int at) {
        int hidden = layout.hidden();
        int rows = layout.gates() * hidden;
        double sum = weights.b[direction * 2 * rows + rows + row];
        int from = (direction * rows + row) * hidden;
        for (int i = 0; i < hidden; i++) {
            sum += weights.r[from + i] * h[at + i];
        }
        return sum;
    }

    private void rnn(int direction, Weights weights, double[] x, int xAt, double[] h, int at) {
        double[] next = new double[layout.hidden()];
        for (int i = 0; i < next.length; i++) {
            next[i] = layout.activations().get(direction).getFirst().apply(bound(input(direction, weights, i, x, xAt)
                    + recurrent(direction, weights, i, h, at)));
        }
        System.arraycopy(next, 0, h, at, next.length);
    }

    private void gru(int direction, Weights weights, double[] x, int xAt, double[] h, int at) {
        int hidden = layout.hidden();
        MapSpec gate = layout.activations().get(direction).getFirst();
        double[] update = new double[hidden];
        double[] reset = new double[hidden];
        double[] scaled = new double[hidden];
        for (int i = 0; i < hidden; i++) {
            update[i] = gate.apply(bound(input(direction, weights, i, x, xAt)
                    + recurrent(direction, weights, i, h, at)));
            reset[i] = gate.apply(bound(input(direction, weights, hidden + i, x, xAt)
                    + recurrent(direction, weights, hidden + i, h, at)));
            scaled[i] = reset[i] * h[at + i];
        }
        double[] next = new double[hidden];
        for (int i = 0; i < hidden; i++) {
            int row = 2 * hidden + i;
            double memory = linearBeforeReset ? reset[i] * recurrent(direction, weights, row, h, at)
                    : recurrent(direction, weights, row, scaled, 0);
            double candidate = layout.activations().get(direction).get(1).apply(bound(input(direction, weights, row, x, xAt)
                    + memory));
            next[i] = (1 - update[i]) * candidate + update[i] * h[at + i];
        }
        System.arraycopy(next, 0, h, at, hidden);
    }

    private void lstm(int direction, Weights weights, double[] x, int xAt, double[] h, double[] c, int at) {
        int hidden = layout.hidden();
        List<MapSpec> f = layout.activations().get(direction);
        double[] next = new double[hidden];
        int peephole = direction * 3 * hidden;
        for (int i = 0; i < hidden; i++) {
            double[] gates = new double[4];
            for (int g = 0; g < 4; g++) {
                gates[g] = input(direction, weights, g * hidden + i, x, xAt)
                        + recurrent(direction, weights, g * hidden + i, h, at);
            }
            double in = f.get(0).apply(bound(gates[0] + weights.p[peephole + i] * c[at + i]));
            double forget = inputForget ? 1 - in
                    : f.get(0).apply(bound(gates[2] + weights.p[peephole + 2 * hidden + i] * c[at + i]));
            double candidate = f.get(1).apply(bound(gates[3]));
            c[at + i] = forget * c[at + i] + in * candidate;
            double out = f.get(0).apply(bound(gates[1] + weights.p[peephole + hidden + i] * c[at + i]));
            next[i] = out * f.get(2).apply(c[at + i]);
        }
        System.arraycopy(next, 0, h, at, hidden);
    }
}
