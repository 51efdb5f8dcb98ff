package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Operators with a state: against formulas without one, and parts of a sequence against the whole. */
class StateOpsTest {
    private static final int OPSET = 27;

    private static Node node(String operator, Attributes attributes, String... outputs) {
        return Node.of("node", operator, List.of(), List.of(outputs), attributes);
    }

    private static Tensor random(int seed, long... dims) {
        return TestGraphs.random(new Random(seed), 1, dims);
    }

    private static void assertClose(double expected, double actual, String what) {
        assertTrue(Math.abs(expected - actual) <= 2e-5 * Math.max(1, Math.abs(expected)),
                what + ": expected " + expected + ", got " + actual);
    }

    /** Returns some tokens, along an axis, of a tensor of three axes. */
    private static Tensor part(Tensor whole, int axis, long from, long to) {
        Shape shape = whole.shape().with(axis, to - from);
        Tensor part = Tensor.allocate(Arena.ofAuto(), whole.type(), shape);
        for (long i = 0; i < shape.elements(); i++) {
            long z = i % shape.dim(2) + (axis == 2 ? from : 0);
            long y = i / shape.dim(2) % shape.dim(1) + (axis == 1 ? from : 0);
            long x = i / shape.dim(2) / shape.dim(1);
            part.set(i, whole.get((x * whole.shape().dim(1) + y) * whole.shape().dim(2) + z));
        }
        return part;
    }

    @Test
    void convolutionReachesBack() {
        int taps = 4;
        Tensor x = random(1, 2, 3, 7);
        Tensor w = random(2, 3, 1, taps);
        Tensor bias = random(3, 3);
        Tensor past = random(4, 2, 3, taps - 1);
        for (String activation : List.of("none", "silu", "swish")) {
            Node node = node("CausalConvWithState", Attributes.NONE.with("activation", activation), "y", "state");
            List<Tensor> out = OneNode.run(node, OPSET, x, w, bias, past);
            for (int row = 0; row < 6; row++) {
                for (int t = 0; t < 7; t++) {
                    double sum = bias.get(row % 3);
                    for (int back = 0; back < taps; back++) {
                        double at = t - back >= 0 ? x.get(row * 7 + t - back) : past.get(row * 3 + 3 + t - back);
                        sum += w.get(row % 3 * taps + taps - 1 - back) * at;
                    }
                    double expected = activation.equals("none") ? sum : sum / (1 + Math.exp(-sum));
                    assertClose(expected, out.get(0).get(row * 7 + t), activation);
                }
                for (int i = 0; i < taps - 1; i++) {
                    assertEquals(x.get(row * 7 + 4 + i), out.get(1).get(row * 3 + i));
                }
            }
        }
        // Without a past there are zeros, and fewer elements than taps leave some of them in the state.
        Node node = node("CausalConvWithState", Attributes.NONE, "y", "state");
        List<Tensor> first = OneNode.run(node, OPSET, part(x, 2, 0, 2), w, null);
        assertEquals(0, first.get(1).get(0));
        assertEquals(x.get(1), first.get(1).get(2));
        Tensor second = OneNode.run(node, OPSET, part(x, 2, 2, 7), w, null, first.get(1)).getFirst();
        Tensor whole = OneNode.run(node, OPSET, x, w).getFirst();
        assertEquals(whole.get(6), second.get(4));
        assertEquals(whole.get(2), second.get(0));
        assertThrows(OperandException.class, () -> OneNode.run(node, OPSET, x, random(2, 4, 1, 4)));
        assertThrows(OperandException.class, () -> OneNode.run(node, OPSET, x, w, null, random(4, 2, 3, 4)));
        assertThrows(OperandException.class, () -> OneNode.run(node("CausalConvWithState",
                Attributes.NONE.with("activation", "relu"), "y"), OPSET, x, w));
    }

    /** Without decay or delta a query reads the values of all tokens so far by its products with their keys. */
    @Test
    void linearAttentionIsASumOverTokens() {
        int tokens = 5;
        Tensor q = random(1, 2, tokens, 4 * 3);
        Tensor k = random(2, 2, tokens, 2 * 3);
        Tensor v = random(3, 2, tokens, 2 * 6);
        for (boolean gated : new boolean[] {false, true}) {
            // One decay for each head: what token s wrote has lost the decays since.
            Tensor decay = gated ? random(4, 2, tokens, 2) : null;
            Attributes attributes = Attributes.NONE.with("q_num_heads", 4).with("kv_num_heads", 2)
                    .with("update_rule", gated ? "gated" : "linear").with("scale", gated ? 0.5f : 0f);
            Tensor y = OneNode.run(node("LinearAttention", attributes, "y"), OPSET, q, k, v, null, decay).getFirst();
            assertEquals(Shape.of(2, tokens, 4 * 6), y.shape());
            for (int n = 0; n < 2; n++) {
                for (int t = 0; t < tokens; t++) {
                    for (int h = 0; h < 4; h++) {
                        for (int j = 0; j < 6; j++) {
                            double sum = 0;
                            for (int s = 0; s <= t; s++) {
                                double product = 0;
                                for (int i = 0; i < 3; i++) {
                                    product += q.get((n * tokens + t) * 12 + h * 3 + i)
                                            * k.get((n * tokens + s) * 6 + h / 2 * 3 + i);
                                }
                                double lost = 0;
                                for (int u = s + 1; u <= t && gated; u++) {
                                    lost += decay.get((n * tokens + u) * 2 + h / 2);
                                }
                                sum += Math.exp(lost) * product * v.get((n * tokens + s) * 12 + h / 2 * 6 + j);
                            }
                            assertClose(sum * (gated ? 0.5 : 1 / Math.sqrt(3)),
                                    y.get((n * tokens + t) * 24 + h * 6 + j), "gated " + gated);
                        }
                    }
                }
            }
        }
    }

    /** With beta 1 a key of length 1 is read back as the value written last, whatever was there before. */
    @Test
    void deltasOverwrite() {
        Arena arena = Arena.ofAuto();
        Tensor k = Tensor.ofFloats(arena, Shape.of(1, 3, 2), 1, 0, 0.6f, 0.8f, 0, 1);
        Tensor v = random(5, 1, 3, 4);
        Tensor beta = Tensor.ofFloats(arena, Shape.of(1, 3, 1), 1, 1, 1);
        Tensor past = random(6, 1, 1, 2, 4);
        Attributes attributes = Attributes.NONE.with("q_num_heads", 1).with("kv_num_heads", 1).with("scale", 1f);
        Node delta = node("LinearAttention", attributes.with("update_rule", "delta"), "y", "state");
        List<Tensor> out = OneNode.run(delta, OPSET, k, k, v, past, null, beta);
        for (int i = 0; i < 12; i++) {
            assertClose(v.get(i), out.getFirst().get(i), "delta");
        }
        // With gates the state decays first, each key dimension by its own; a first token alone tells the order.
        Tensor one = Tensor.ofFloats(arena, Shape.of(1, 1, 2), 0.6f, 0.8f);
        Tensor decay = Tensor.ofFloats(arena, Shape.of(1, 1, 2), -0.3f, -1.2f);
        Tensor half = Tensor.ofFloats(arena, Shape.of(1, 1, 1), 0.5f);
        Node gated = node("LinearAttention", attributes, "y", "state");
        List<Tensor> first = OneNode.run(gated, OPSET, one, one, part(v, 1, 0, 1), past, decay, half);
        for (int j = 0; j < 4; j++) {
            double a = Math.exp(-0.3) * past.get(j);
            double b = Math.exp(-1.2) * past.get(4 + j);
            double added = 0.5 * (v.get(j) - (0.6 * a + 0.8 * b));
            assertClose(a + 0.6 * added, first.get(1).get(j), "state");
            assertClose(b + 0.8 * added, first.get(1).get(4 + j), "state");
            assertClose(0.6 * (a + 0.6 * added) + 0.8 * (b + 0.8 * added), first.getFirst().get(j), "output");
        }
    }

    /** A sequence in two parts, the second from the first one's state. */
    @Test
    void linearAttentionGoesOn() {
        Tensor q = random(1, 2, 6, 4 * 3);
        Tensor k = random(2, 2, 6, 2 * 3);
        Tensor v = random(3, 2, 6, 2 * 5);
        Tensor decay = random(4, 2, 6, 2 * 3);
        Tensor beta = random(5, 2, 6, 2);
        Attributes attributes = Attributes.NONE.with("q_num_heads", 4).with("kv_num_heads", 2);
        Node node = node("LinearAttention", attributes, "y", "state");
        List<Tensor> whole = OneNode.run(node, OPSET, q, k, v, null, decay, beta);
        List<Tensor> first = OneNode.run(node, OPSET, part(q, 1, 0, 4), part(k, 1, 0, 4), part(v, 1, 0, 4), null,
                part(decay, 1, 0, 4), part(beta, 1, 0, 4));
        List<Tensor> second = OneNode.run(node, OPSET, part(q, 1, 4, 6), part(k, 1, 4, 6), part(v, 1, 4, 6),
                first.get(1), part(decay, 1, 4, 6), part(beta, 1, 4, 6));
        Tensor tail = part(whole.getFirst(), 1, 4, 6);
        for (long i = 0; i < tail.shape().elements(); i++) {
            assertClose(tail.get(i), second.getFirst().get(i), "output");
        }
        for (long i = 0; i < whole.get(1).shape().elements(); i++) {
            assertClose(whole.get(1).get(i), second.get(1).get(i), "state");
        }
        assertThrows(OperandException.class, () -> OneNode.run(node, OPSET, q, k, v));
        assertThrows(OperandException.class, () -> OneNode.run(node, OPSET, q, k, v, null, beta, decay));
        assertThrows(OperandException.class, () -> OneNode.run(node("LinearAttention",
                attributes.with("q_num_heads", 3), "y"), OPSET, q, k, v, null, decay, beta));
    }
}
