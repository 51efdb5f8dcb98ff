package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.model.pass.Passes;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/**
 * Eight threads that share one prepared network, on the backends of its own choice, get bit for bit what one thread
 * gets. Two seconds in all; {@code -Dtersor.soak.seconds=30} makes it thirty for each network.
 */
class SharedNetworkTest {
    private static final int THREADS = 8;
    private static final double SECONDS = Double.parseDouble(System.getProperty("tersor.soak.seconds", "1"));

    private static Tensor image(int seed) {
        return TestGraphs.random(new Random(seed), 1, 1 + seed % 3, 3, 13, 11);
    }

    private static long soak(Graph graph) throws Exception {
        List<Tensor> inputs = new ArrayList<>();
        List<Tensor> expected = new ArrayList<>();
        try (PreparedNetwork alone = Network.of(graph).prepare()) {
            for (int i = 0; i < 6; i++) {
                inputs.add(image(i));
                expected.add(alone.run(inputs.get(i), Arena.ofAuto()));
            }
        }
        long end = System.nanoTime() + (long) (SECONDS * 1e9);
        long runs = 0;
        try (PreparedNetwork network = Network.of(graph).prepare();
                ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Callable<Long>> tasks = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int first = t;
                tasks.add(() -> {
                    long count = 0;
                    do {
                        int i = (int) ((first + count++) % inputs.size());
                        try (Arena arena = Arena.ofConfined()) {
                            Tensor actual = network.run(inputs.get(i), arena);
                            assertEquals(expected.get(i).shape(), actual.shape());
                            assertEquals(-1, expected.get(i).data().mismatch(actual.data()), "input " + i);
                        }
                    } while (System.nanoTime() < end);
                    return count;
                });
            }
            for (Future<Long> result : threads.invokeAll(tasks)) {
                runs += result.get();
            }
        }
        return runs;
    }

    @Test
    void floats() throws Exception {
        assertTrue(soak(TestGraphs.residual()) >= THREADS);
    }

    @Test
    void quantized() throws Exception {
        Graph graph = Passes.simplify(TestGraphs.residual());
        assertTrue(soak(QdqForm.of(graph, Map.of("x", image(2)))) >= THREADS);
    }
}
