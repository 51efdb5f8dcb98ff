package io.tersor.model.ops;

import io.tersor.model.Attribute;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;

/**
 * One step of a recurrent operator.
 *
 * @param activations three for each direction: of gates, of candidates, of the LSTM's output
 * @param clip bound of what goes into activations, infinity for none
 * @param inputForget whether the LSTM's forget gate is one minus its input gate
 * @param linearBeforeReset whether the GRU's reset gate acts behind the recurrent product
 */
record RecurrentCell(RecurrentOps.Layout layout, DoubleUnaryOperator[][] activations, double clip, boolean inputForget,
        boolean linearBeforeReset) {
    /** The constants: input weights, recurrent weights, biases (both), peepholes. */
    record Weights(double[] w, double[] r, double[] b, double[] p) {}

    static RecurrentCell of(OpContext context, int gates, int directions, RecurrentOps.Layout layout) {
        String[] usual = gates == 1 ? new String[] {"Tanh"} : gates == 3 ? new String[] {"Sigmoid", "Tanh"}
                : new String[] {"Sigmoid", "Tanh", "Tanh"};
        List<String> named = context.attributes().get("activations")
                .map(value -> value instanceof Attribute.Strings strings ? strings.values()
                        : List.<String>of()).orElse(List.of());
        float[] alphas = context.attributes().reals("activation_alpha");
        float[] betas = context.attributes().reals("activation_beta");
        DoubleUnaryOperator[][] activations = new DoubleUnaryOperator[directions][usual.length];
        for (int d = 0; d < directions; d++) {
            for (int i = 0; i < usual.length; i++) {
                int index = d * usual.length + i;
                String name = index < named.size() ? named.get(index) : usual[i];
                activations[d][i] = activation(context, name, index < alphas.length ? alphas[index] : Float.NaN,
                        index < betas.length ? betas[index] : Float.NaN);
            }
        }
        return new RecurrentCell(layout, activations, context.attributes().real("clip", Float.POSITIVE_INFINITY),
                context.attributes().integer("input_forget", 0) != 0,
                context.attributes().integer("linear_before_reset", 0) != 0);
    }

    private static DoubleUnaryOperator activation(OpContext context, String name, float alpha, float beta) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "sigmoid" -> x -> 1 / (1 + Math.exp(-x));
            case "tanh" -> Math::tanh;
            case "relu" -> x -> Math.max(0, x);
            case "softsign" -> x -> x / (1 + Math.abs(x));
            case "softplus" -> x -> Math.log1p(Math.exp(x));
            case "affine" -> x -> or(alpha, 1) * x + or(beta, 0);
            case "leakyrelu" -> x -> x >= 0 ? x : or(alpha, 0.01f) * x;
            case "thresholdedrelu" -> x -> x > or(alpha, 1) ? x : 0;
            case "scaledtanh" -> x -> or(alpha, 1) * Math.tanh(or(beta, 1) * x);
            case "hardsigmoid" -> x -> Math.clamp(or(alpha, 0.2f) * x + or(beta, 0.5f), 0, 1);
            case "elu" -> x -> x >= 0 ? x : or(alpha, 1) * Math.expm1(x);
            default -> throw context.unsupported("activation " + name);
        };
    }

    private static double or(float value, float otherwise) {
        return Float.isNaN(value) ? otherwise : value;
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
            next[i] = activations[direction][0].applyAsDouble(bound(input(direction, weights, i, x, xAt)
                    + recurrent(direction, weights, i, h, at)));
        }
        System.arraycopy(next, 0, h, at, next.length);
    }

    private void gru(int direction, Weights weights, double[] x, int xAt, double[] h, int at) {
        int hidden = layout.hidden();
        DoubleUnaryOperator gate = activations[direction][0];
        double[] update = new double[hidden];
        double[] reset = new double[hidden];
        double[] scaled = new double[hidden];
        for (int i = 0; i < hidden; i++) {
            update[i] = gate.applyAsDouble(bound(input(direction, weights, i, x, xAt)
                    + recurrent(direction, weights, i, h, at)));
            reset[i] = gate.applyAsDouble(bound(input(direction, weights, hidden + i, x, xAt)
                    + recurrent(direction, weights, hidden + i, h, at)));
            scaled[i] = reset[i] * h[at + i];
        }
        double[] next = new double[hidden];
        for (int i = 0; i < hidden; i++) {
            int row = 2 * hidden + i;
            double memory = linearBeforeReset ? reset[i] * recurrent(direction, weights, row, h, at)
                    : recurrent(direction, weights, row, scaled, 0);
            double candidate = activations[direction][1].applyAsDouble(bound(input(direction, weights, row, x, xAt)
                    + memory));
            next[i] = (1 - update[i]) * candidate + update[i] * h[at + i];
        }
        System.arraycopy(next, 0, h, at, hidden);
    }

    private void lstm(int direction, Weights weights, double[] x, int xAt, double[] h, double[] c, int at) {
        int hidden = layout.hidden();
        DoubleUnaryOperator[] f = activations[direction];
        double[] next = new double[hidden];
        int peephole = direction * 3 * hidden;
        for (int i = 0; i < hidden; i++) {
            double[] gates = new double[4];
            for (int g = 0; g < 4; g++) {
                gates[g] = input(direction, weights, g * hidden + i, x, xAt)
                        + recurrent(direction, weights, g * hidden + i, h, at);
            }
            double in = f[0].applyAsDouble(bound(gates[0] + weights.p[peephole + i] * c[at + i]));
            double forget = inputForget ? 1 - in
                    : f[0].applyAsDouble(bound(gates[2] + weights.p[peephole + 2 * hidden + i] * c[at + i]));
            double candidate = f[1].applyAsDouble(bound(gates[3]));
            c[at + i] = forget * c[at + i] + in * candidate;
            double out = f[0].applyAsDouble(bound(gates[1] + weights.p[peephole + hidden + i] * c[at + i]));
            next[i] = out * f[2].applyAsDouble(c[at + i]);
        }
        System.arraycopy(next, 0, h, at, hidden);
    }
}
