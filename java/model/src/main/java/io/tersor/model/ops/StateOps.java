package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Sequence operators with a state that the next part of the sequence starts from; computed in binary64. */
final class StateOps {
    private static final List<String> ACTIVATIONS = List.of("none", "silu", "swish");
    private static final List<String> RULES = List.of("linear", "gated", "delta", "gated_delta");

    private StateOps() {}

    static void register(Map<String, Operator> table) {
        table.put("CausalConvWithState", StateOps::convolution);
        table.put("LinearAttention", StateOps::attention);
    }

    /** Each channel of [n, c, length] by its own kernel over itself and the k - 1 elements before, the state. */
    private static Computation convolution(OpContext context) {
        TensorType input = context.input(0);
        Shape shape = input.shape();
        Shape weights = context.shape(1);
        context.check(shape.rank() == 3 && input.type().isFloating(), 0, "reals, [n, c, length]");
        context.check(weights.rank() == 3 && weights.dim(0) == shape.dim(1) && weights.dim(1) == 1
                && weights.dim(2) > 0, 1, "[" + shape.dim(1) + ", 1, at least 1]");
        context.check(!context.has(2) || context.shape(2).equals(Shape.of(shape.dim(1))), 2, "[" + shape.dim(1) + "]");
        int taps = context.tableLength(weights.dim(2));
        Shape state = Shape.of(shape.dim(0), shape.dim(1), taps - 1);
        context.check(!context.has(3) || context.shape(3).equals(state), 3, state.toString());
        String activation = context.attributes().text("activation", "none");
        context.require(ACTIVATIONS.contains(activation), "activation", ACTIVATIONS, activation);
        boolean silu = !activation.equals("none");
        int length = context.tableLength(shape.dim(2));
        List<TensorType> outputs = List.of(input, new TensorType(input.type(), state));
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> {
            double[] line = new double[taps - 1 + length];
            for (long row = 0; row < shape.dim(0) * shape.dim(1); row++) {
                long channel = row % shape.dim(1);
                for (int i = 0; i < line.length; i++) {
                    line[i] = i >= taps - 1 ? in[0].get(row * length + i - (taps - 1))
                            : Elements.given(in, 3) ? in[3].get(row * (taps - 1) + i) : 0;
                }
                for (int i = 0; i < length; i++) {
                    double sum = Elements.given(in, 2) ? in[2].get(channel) : 0;
                    for (int k = 0; k < taps; k++) {
                        sum += in[1].get(channel * taps + k) * line[i + k];
                    }
                    out[0].set(row * length + i, silu ? sum / (1 + Math.exp(-sum)) : sum);
                }
                for (int i = 0; Elements.given(out, 1) && i < taps - 1; i++) {
                    out[1].set(row * (taps - 1) + i, line[length + i]);
                }
            }
        });
    }

    /**
     * LinearAttention, token by token: the state, [d_k, d_v] for each head of keys and values, decays, loses what it
     * had for the key where the rule is a delta, takes up key times value, and is read by the queries.
     */
    private static Computation attention(OpContext context) {
        for (int i = 0; i < 3; i++) {
            context.check(context.shape(i).rank() == 3 && context.type(i).isFloating(), i,
                    "reals, [n, length, heads * size]");
        }
        Shape q = context.shape(0);
        Shape k = context.shape(1);
        Shape v = context.shape(2);
        long heads = context.attributes().integer("kv_num_heads", 0);
        long readers = context.attributes().integer("q_num_heads", 0);
        context.require(heads > 0 && readers > 0 && readers % heads == 0, "q_num_heads, kv_num_heads",
                "a positive multiple", readers + ", " + heads);
        long size = q.dim(2) / readers;
        context.check(q.dim(2) == size * readers, 0, "a multiple of " + readers + " heads");
        context.check(k.equals(Shape.of(q.dim(0), q.dim(1), heads * size)), 1, "[" + q.dim(0) + ", " + q.dim(1) + ", "
                + heads * size + "]");
        long width = v.dim(2) / heads;
        context.check(v.equals(Shape.of(q.dim(0), q.dim(1), heads * width)), 2, "[" + q.dim(0) + ", " + q.dim(1)
                + ", a multiple of " + heads + "]");
        Shape state = Shape.of(q.dim(0), heads, size, width);
        context.check(!context.has(3) || context.shape(3).equals(state), 3, state.toString());
        String rule = context.attributes().text("update_rule", "gated_delta");
        context.require(RULES.contains(rule), "update_rule", RULES, rule);
        context.check(context.has(4) == rule.startsWith("gated"), 4, "decay with gates, and only with them");
        context.check(context.has(5) == rule.endsWith("delta"), 5, "beta with deltas, and only with them");
        parameter(context, 4, heads, heads * size);
        parameter(context, 5, heads, 1);
        double given = context.attributes().real("scale", 0f);
        double scale = given == 0 ? 1 / Math.sqrt(size) : given;
        Recurrence recurrence = new Recurrence(q.dim(1), (int) heads, (int) (readers / heads),
                context.tableLength(size), context.tableLength(width), scale);
        Shape result = Shape.of(q.dim(0), q.dim(1), readers * width);
        List<TensorType> outputs = List.of(new TensorType(context.type(0), result),
                new TensorType(context.has(3) ? context.type(3) : context.type(0), state));
        return new Computation(outputs, Computation.Kind.GENERAL, (in, out) -> {
            double[] memory = new double[recurrence.size * recurrence.width];
            for (long n = 0; n < q.dim(0); n++) {
                for (int head = 0; head < heads; head++) {
                    long at = (n * heads + head) * memory.length;
                    for (int i = 0; i < memory.length; i++) {
                        memory[i] = Elements.given(in, 3) ? in[3].get(at + i) : 0;
                    }
                    recurrence.run(in, n, head, memory, out[0]);
                    for (int i = 0; Elements.given(out, 1) && i < memory.length; i++) {
                        out[1].set(at + i, memory[i]);
                    }
                }
            }
        });
    }

    private static void parameter(OpContext context, int input, long columns, long others) {
        if (context.has(input)) {
            Shape tokens = Shape.of(context.shape(0).dim(0), context.shape(0).dim(1), columns);
            boolean fits = context.shape(input).equals(tokens) || context.shape(input).equals(tokens.with(2, others));
            context.check(fits, input, tokens + " or " + others + " columns");
        }
    }

    /**
     * The tokens of one head.
     *
     * @param readers heads of queries that read one head
     * @param size elements of a query and a key
     * @param width elements of a value
     */
    private record Recurrence(long tokens, int heads, int readers, int size, int width, double scale) {
        void run(Tensor[] in, long n, int head, double[] memory, Tensor out) {
            double[] value = new double[width];
            double[] known = new double[width];
            for (long t = n * tokens; t < (n + 1) * tokens; t++) {
                long key = (t * heads + head) * size;
                decay(in, t, head, memory);
                for (int j = 0; j < width; j++) {
                    value[j] = in[2].get((t * heads + head) * width + j);
                }
                if (Elements.given(in, 5)) {
                    long columns = in[5].shape().dim(2);
                    double beta = in[5].get(t * columns + (columns == 1 ? 0 : head));
                    read(in[1], key, memory, known);
                    for (int j = 0; j < width; j++) {
                        value[j] = beta * (value[j] - known[j]);
                    }
                }
                for (int i = 0; i < size; i++) {
                    double factor = in[1].get(key + i);
                    for (int j = 0; j < width; j++) {
                        memory[i * width + j] += factor * value[j];
                    }
                }
                for (int r = head * readers; r < (head + 1) * readers; r++) {
                    read(in[0], (t * heads * readers + r) * size, memory, known);
                    for (int j = 0; j < width; j++) {
                        out.set((t * heads * readers + r) * width + j, scale * known[j]);
                    }
                }
            }
        }

        private void decay(Tensor[] in, long token, int head, double[] memory) {
            if (!Elements.given(in, 4)) {
                return;
            }
            long columns = in[4].shape().dim(2);
            for (int i = 0; i < size; i++) {
                long column = columns == heads ? head : (long) head * size + i;
                double factor = Math.exp(in[4].get(token * columns + column));
                for (int j = 0; j < width; j++) {
                    memory[i * width + j] *= factor;
                }
            }
        }

        /** to = vector^T memory. */
        private void read(Tensor vector, long at, double[] memory, double[] to) {
            Arrays.fill(to, 0);
            for (int i = 0; i < size; i++) {
                double factor = vector.get(at + i);
                for (int j = 0; j < width; j++) {
                    to[j] += factor * memory[i * width + j];
                }
            }
        }
    }
}
