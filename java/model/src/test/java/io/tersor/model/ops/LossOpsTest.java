package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Losses against sums over whole arrays, sample by sample. */
class LossOpsTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final int N = 3;
    private static final int CLASSES = 5;

    private static Node node(String operator, Attributes attributes, String... outputs) {
        return Node.of("node", operator, List.of(), List.of(outputs), attributes);
    }

    private static Shape shape(long[] spatial, long... first) {
        long[] dims = java.util.Arrays.copyOf(first, first.length + spatial.length);
        System.arraycopy(spatial, 0, dims, first.length, spatial.length);
        return Shape.of(dims);
    }

    private static Tensor random(Random random, Shape shape) {
        float[] values = new float[(int) shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = 3 * (float) random.nextGaussian();
        }
        return Tensor.ofFloats(ARENA, shape, values);
    }

    private static Tensor targets(Random random, Shape shape, DataType type, long ignored) {
        Tensor targets = Tensor.allocate(ARENA, type, shape);
        for (long i = 0; i < shape.elements(); i++) {
            targets.setLong(i, random.nextInt(4) == 0 ? ignored : random.nextInt(CLASSES));
        }
        return targets;
    }

    private static void assertClose(double expected, double actual, String what) {
        assertTrue(Math.abs(expected - actual) <= 1e-5 * Math.max(1, Math.abs(expected))
                || Double.isNaN(expected) && Double.isNaN(actual), what + ": expected " + expected + ", got " + actual);
    }

    @Test
    void allReductionsWeightsAndShapes() {
        Random random = new Random(1);
        for (long[] spatial : new long[][] {{}, {4}, {2, 3}, {1, 2, 2}}) {
            int inner = (int) Shape.of(spatial).elements();
            for (String reduction : List.of("none", "sum", "mean")) {
                for (int variant = 0; variant < 8; variant++) {
                    boolean softmax = (variant & 1) == 1;
                    boolean weighted = (variant & 2) == 2;
                    // A class, or a number that is none.
                    long ignored = (variant & 4) == 4 ? 2 : -100;
                    Tensor scores = random(random, shape(spatial, N, CLASSES));
                    Tensor targets = targets(random, shape(spatial, N), variant == 3 ? DataType.S32 : DataType.S64,
                            ignored);
                    Tensor weights = random(random, Shape.of(CLASSES));
                    Attributes attributes = Attributes.NONE.with("ignore_index", ignored);
                    // The mean is the default.
                    attributes = reduction.equals("mean") ? attributes : attributes.with("reduction", reduction);
                    List<Tensor> inputs = new ArrayList<>(List.of(scores, targets));
                    if (weighted) {
                        inputs.add(weights);
                    }
                    List<Tensor> outputs = softmax
                            ? OneNode.run(node("SoftmaxCrossEntropyLoss", attributes, "y", "p"), 13,
                                    inputs.toArray(Tensor[]::new))
                            : OneNode.run(node("NegativeLogLikelihoodLoss", attributes, "y"), 13,
                                    inputs.toArray(Tensor[]::new));
                    double sum = 0;
                    double total = 0;
                    for (int n = 0; n < N; n++) {
                        for (int d = 0; d < inner; d++) {
                            double[] logarithms = new double[CLASSES];
                            double exponentials = 0;
                            for (int c = 0; c < CLASSES; c++) {
                                logarithms[c] = scores.get(((long) n * CLASSES + c) * inner + d);
                                exponentials += Math.exp(logarithms[c]);
                            }
                            for (int c = 0; c < CLASSES && softmax; c++) {
                                logarithms[c] = Math.log(Math.exp(logarithms[c]) / exponentials);
                                assertClose(logarithms[c], outputs.get(1).get(((long) n * CLASSES + c) * inner + d),
                                        "log_prob");
                            }
                            long target = targets.getLong((long) n * inner + d);
                            double weight = target == ignored ? 0 : weighted ? weights.get(target) : 1;
                            double loss = target == ignored ? 0 : -weight * logarithms[(int) target];
                            if (reduction.equals("none")) {
                                assertClose(loss, outputs.getFirst().get((long) n * inner + d), "loss");
                            }
                            sum += loss;
                            total += weight;
                        }
                    }
                    if (!reduction.equals("none")) {
                        assertEquals(Shape.of(), outputs.getFirst().shape());
                        assertClose(reduction.equals("sum") ? sum : sum / total, outputs.getFirst().get(0),
                                reduction + " variant " + variant);
                    }
                }
            }
        }
    }

    /** The examples of the operator's specification. */
    @Test
    void examples() {
        Tensor input = Tensor.ofFloats(ARENA, Shape.of(2, 3, 2), 1, 2, 2, 2, 3, 2, 0, 1, 2, 2, 1, 2);
        Tensor target = Tensor.ofLongs(ARENA, Shape.of(2, 2), 2, 1, 0, 2);
        Tensor weight = Tensor.ofFloats(ARENA, Shape.of(3), 0.2f, 0.3f, 0.1f);
        Node mean = node("NegativeLogLikelihoodLoss", Attributes.NONE, "y");
        Node sum = node("NegativeLogLikelihoodLoss", Attributes.NONE.with("reduction", "sum"), "y");
        Node none = node("NegativeLogLikelihoodLoss", Attributes.NONE.with("reduction", "none"), "y");
        assertEquals("[-3.0, -2.0, -0.0, -2.0]",
                java.util.Arrays.toString(OneNode.run(none, 22, input, target).getFirst().toFloats()));
        assertClose(-1.1, OneNode.run(sum, 22, input, target, weight).getFirst().get(0), "sum");
        assertClose(-1.1 / 0.7, OneNode.run(mean, 22, input, target, weight).getFirst().get(0), "mean");
    }

    @Test
    void largeScoresDoNotOverflow() {
        Tensor scores = Tensor.ofFloats(ARENA, Shape.of(1, 2), 1e30f, -1e30f);
        Tensor target = Tensor.ofLongs(ARENA, Shape.of(1), 0);
        assertEquals(0, OneNode.run(node("SoftmaxCrossEntropyLoss", Attributes.NONE, "y"), 13, scores, target)
                .getFirst().get(0));
    }

    @Test
    void wrongTargetsAreNamed() {
        Tensor scores = Tensor.ofFloats(ARENA, Shape.of(2, 2), 1, 2, 3, 4);
        Node node = node("NegativeLogLikelihoodLoss", Attributes.NONE, "y");
        Tensor large = Tensor.ofLongs(ARENA, Shape.of(2), 0, 2);
        assertThrows(OperandException.class, () -> OneNode.run(node, 13, scores, large));
        Tensor more = Tensor.ofLongs(ARENA, Shape.of(3), 0, 1, 1);
        assertThrows(OperandException.class, () -> OneNode.run(node, 13, scores, more));
        assertThrows(OperandException.class, () -> OneNode.run(node("NegativeLogLikelihoodLoss",
                Attributes.NONE.with("reduction", "most"), "y"), 13, scores, Tensor.ofLongs(ARENA, Shape.of(2), 0, 1)));
    }
}
