package io.tersor.model.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.StepInfo;
import io.tersor.model.TestGraphs;
import io.tersor.model.pass.Passes;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Kernels that are prepared on several threads: the steps, the failures and what is closed are as on one. */
class PackingTest {
    private static final NetworkOptions SCALAR = NetworkOptions.DEFAULT.on(Backend.SCALAR);
    private static final Map<String, Shape> ONE = Map.of("x", Shape.of(1, 3, 13, 11));

    private final Queue<Kernel> prepared = new ConcurrentLinkedQueue<>();
    private final Set<String> threads = ConcurrentHashMap.newKeySet();
    private volatile int refused = -1;

    private final class Watched extends ScalarLike {
        @Override
        public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
            threads.add(Thread.currentThread().getName());
            if (spec.oc() == refused) {
                throw new OperandException("weights", "others", spec.oc());
            }
            Conv2d kernel = super.prepare(spec, weights, bias, options);
            prepared.add(kernel);
            return kernel;
        }
    }

    private Engine engine() {
        Graph graph = Passes.forExecution(TestGraphs.residual());
        return new Engine(graph, SCALAR, new KernelRegistry(List.of(new Watched())));
    }

    @Test
    void stepsAreThoseOfTheGraph() {
        try (Engine engine = engine()) {
            List<StepInfo> steps = engine.plan(ONE).steps();
            assertEquals(5, prepared.size());
            assertEquals(5, steps.stream().filter(step -> step.kernel().contains("conv2d")).count());
            assertTrue(Runtime.getRuntime().availableProcessors() == 1
                    || threads.stream().allMatch(name -> name.startsWith("tersor-packing-")), threads::toString);
            // Another shape needs no other kernels.
            assertEquals(steps.stream().map(StepInfo::node).toList(), engine.plan(Map.of("x", Shape.of(2, 3, 13, 11)))
                    .steps().stream().map(StepInfo::node).toList());
            assertEquals(5, prepared.size());
        }
        prepared.forEach(kernel -> assertThrows(IllegalStateException.class, kernel::close));
    }

    @Test
    void failuresNameTheNodeAndMayPass() {
        refused = 32;
        try (Engine engine = engine()) {
            String node = Passes.forExecution(TestGraphs.residual()).nodes().stream()
                    .filter(one -> one.opType().equals("Conv")).toList().getLast().name();
            TersorException failure = assertThrows(TersorException.class, () -> engine.plan(ONE));
            assertEquals("node " + node + " (io.tersor.Conv): weights: expected others, got 32", failure.getMessage());
            assertSame(OperandException.class, failure.getCause().getClass());
            refused = -1;
            assertEquals(5, engine.plan(ONE).steps().stream().filter(step -> step.kernel().contains("conv2d")).count());
        }
        assertEquals(5, prepared.size());
        prepared.forEach(kernel -> assertThrows(IllegalStateException.class, kernel::close));
    }
}
