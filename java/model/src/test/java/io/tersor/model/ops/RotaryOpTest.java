package io.tersor.model.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** RotaryEmbedding against its formula, with one thread and with two. */
class RotaryOpTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final int IMAGES = 2;
    private static final int LENGTH = 130;
    private static final int HEADS = 4;
    private static final int SIZE = 64;
    private static final int TABLE = 200;

    private static Tensor positions(Random random) {
        Tensor positions = Tensor.allocate(ARENA, DataType.S64, Shape.of(IMAGES, LENGTH));
        for (int i = 0; i < IMAGES * LENGTH; i++) {
            positions.setLong(i, random.nextInt(TABLE));
        }
        return positions;
    }

    private static Tensor run(Tensor x, Tensor cos, Tensor sin, Tensor positions, Attributes attributes, int threads) {
        GraphBuilder b = Graph.builder("rotary", 23);
        b.input(ValueInfo.of("x", x.type(), x.shape()));
        b.initializer("c", cos).initializer("s", sin);
        if (positions != null) {
            b.initializer("p", positions);
        }
        b.node(Node.of("y", "RotaryEmbedding", positions == null ? List.of("x", "c", "s") : List.of("x", "c", "s", "p"),
                List.of("y"), attributes));
        b.output(ValueInfo.of("y", x.type(), x.shape()));
        try (Parallelism parallelism = Parallelism.of(threads);
                PreparedNetwork network = Network.of(b.build()).prepare(parallelism)) {
            return network.run(x, ARENA);
        }
    }

    @Test
    void oneTableServesAllImages() {
        Random random = new Random(2);
        Attributes attributes = Attributes.NONE.with("num_heads", HEADS);
        Tensor x = TestGraphs.random(random, 1, IMAGES, LENGTH, HEADS * SIZE);
        Tensor cos = TestGraphs.random(random, 1, 1, LENGTH, SIZE / 2);
        Tensor sin = TestGraphs.random(random, 1, 1, LENGTH, SIZE / 2);
        Tensor y = run(x, cos, sin, null, attributes, 1);
        for (int image = 0; image < IMAGES; image++) {
            assertArrayEquals(run(x.slice(0, image, 1), cos, sin, null, attributes, 1).toFloats(),
                    y.slice(0, image, 1).toFloats());
        }
        Tensor longer = TestGraphs.random(random, 1, 1, LENGTH + 1, SIZE / 2);
        OperandException shape = assertThrows(OperandException.class,
                () -> run(x, longer, longer, null, attributes, 1));
        assertTrue(shape.getMessage().contains("[2, 130, 32] or of one image"), shape.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"1,0,0", "2,0,0", "2,1,0", "2,0,32", "1,1,32"})
    void pairsAreTurned(int threads, int interleaved, int rotated) {
        Random random = new Random(1);
        int half = (rotated == 0 ? SIZE : rotated) / 2;
        Tensor x = TestGraphs.random(random, 1, IMAGES, LENGTH, HEADS * SIZE);
        Tensor cos = TestGraphs.random(random, 1, TABLE, half);
        Tensor sin = TestGraphs.random(random, 1, TABLE, half);
        Tensor positions = positions(random);
        Tensor y = run(x, cos, sin, positions, Attributes.NONE.with("num_heads", HEADS)
                .with("interleaved", interleaved).with("rotary_embedding_dim", rotated), threads);
        for (int token = 0; token < IMAGES * LENGTH; token++) {
            for (int at = 0; at < HEADS * SIZE; at++) {
                int e = at % SIZE;
                long own = (long) token * HEADS * SIZE + at;
                double expected = x.get(own);
                if (e < 2 * half) {
                    boolean first = interleaved != 0 ? e % 2 == 0 : e < half;
                    int pair = interleaved != 0 ? e / 2 : e % half;
                    int apart = interleaved != 0 ? 1 : half;
                    double other = x.get(first ? own + apart : own - apart);
                    long angle = positions.getLong(token) * half + pair;
                    expected = x.get(own) * cos.get(angle) + (first ? -other : other) * sin.get(angle);
                }
                assertEquals((float) expected, (float) y.get(own), "token " + token + " element " + at);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"-1", "200", "9223372036854775807"})
    void positionsOutsideTheTableAreNamed(long position) {
        Random random = new Random(2);
        Tensor positions = positions(random);
        positions.setLong(7, position);
        Tensor table = TestGraphs.random(random, 1, TABLE, SIZE / 2);
        Tensor x = TestGraphs.random(random, 1, IMAGES, LENGTH, HEADS * SIZE);
        assertThrows(OperandException.class, () -> run(x, table, table, positions,
                Attributes.NONE.with("num_heads", HEADS), 2));
    }
}
