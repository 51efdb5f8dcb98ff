package io.tersor.model.flow;

import static io.tersor.model.flow.FlowRuns.ARENA;
import static io.tersor.model.flow.FlowRuns.body;
import static io.tersor.model.flow.FlowRuns.branch;
import static io.tersor.model.flow.FlowRuns.build;
import static io.tersor.model.flow.FlowRuns.flag;
import static io.tersor.model.flow.FlowRuns.floats;
import static io.tersor.model.flow.FlowRuns.integer;
import static io.tersor.model.flow.FlowRuns.loop;
import static io.tersor.model.flow.FlowRuns.run;
import static io.tersor.model.flow.FlowRuns.scalar;
import static io.tersor.model.flow.FlowRuns.tensor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Parallelism;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.GraphException;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.StepInfo;
import io.tersor.model.StepTime;
import io.tersor.model.TestGraphs;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
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
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** If, Loop and Scan against what loops in Java compute. */
class ControlFlowTest {
    private static Graph choice() {
        GraphBuilder then = body("x");
        String doubled = then.add("Mul", "x", then.constant("two", scalar(2)));
        GraphBuilder otherwise = body("x", "c");
        String less = otherwise.add("Sub", "x", "c");
        GraphBuilder b = Graph.builder("choice", 18);
        b.input(tensor("cond", DataType.BOOL)).input(tensor("x", DataType.F32));
        String c = b.constant("c", scalar(10));
        assertEquals("c", c);
        b.node(branch("cond", List.of("y"), build(then, doubled), build(otherwise, less)));
        String after = b.add("Neg", "y");
        return b.output(tensor(after, DataType.F32)).build();
    }

    @ParameterizedTest
    @CsvSource({"true, -2.0 -4.0", "false, 9.0 8.0"})
    void aBranchRunsTheSideThatItsConditionTells(boolean condition, String values) {
        assertEquals("f32 [2] " + values, run(choice(), "neg", Map.of("cond", flag(condition), "x", floats(1, 2))));
    }

    @Test
    void theStepsOfBranchesAreTold() {
        try (PreparedNetwork network = Network.of(choice()).prepare(Backend.SCALAR)) {
            assertThrows(IllegalStateException.class, network::kernels);
            network.run(Map.of("cond", flag(true), "x", floats(1, 2)), ARENA);
            assertEquals(List.of("java/if", "java/mul", "java/neg"),
                    network.kernels().stream().map(StepInfo::kernel).map(k -> k.replace("scalar/", "java/"))
                            .map(k -> k.replaceAll("_.*", "")).toList());
            List<StepTime> times = network.profile(Map.of("cond", flag(false), "x", floats(1, 2)));
            assertTrue(times.stream().anyMatch(time -> time.step().operator().equals("Sub"))
                    && times.stream().noneMatch(time -> time.step().operator().equals("Mul"))
                    && times.stream().allMatch(time -> time.nanos() > 0), times.toString());
        }
    }

    /** y = x, then n times y = tanh(y W) with weights from two graphs outside, and the norm of every iteration. */
    private static Graph recurrence(Tensor weights) {
        GraphBuilder inner = body("y", "w");
        String next = inner.add("Tanh", inner.add("MatMul", "y", "w"));
        GraphBuilder same = body("y");
        GraphBuilder loop = body("i", "go", "y", "w", "odd");
        loop.node(branch("go", List.of("next"), build(inner, next), build(same, same.add("Identity", "y"))));
        String sum = loop.add("ReduceSum", List.of("next"), Attributes.NONE.with("keepdims", 0));
        String shifted = loop.add("Add", sum, loop.add("Mul", "odd",
                loop.add("Cast", List.of("i"), Attributes.NONE.with("to", 1))));
        GraphBuilder b = Graph.builder("recurrence", 18);
        b.input(ValueInfo.of("n", DataType.S64)).input(ValueInfo.of("x", DataType.F32, Dim.of(3), Dim.of(5)));
        b.constant("w", weights);
        String odd = b.add("ReduceMean", List.of("x"), Attributes.NONE.with("keepdims", 0));
        Graph made = build(loop, "go", "next", shifted);
        Node node = loop(List.of("n", "", "x"), List.of("last", "sums"), made, 3);
        // What the body calls odd has another name outside.
        b.node(node.withInputs(node.inputs().stream().map(name -> name.equals("odd") ? odd : name).toList()));
        return b.output(tensor("last", DataType.F32)).output(tensor("sums", DataType.F32)).build();
    }

    private static double[][] recurred(Tensor x, Tensor w, int n) {
        double[] y = new double[15];
        double mean = 0;
        for (int i = 0; i < 15; i++) {
            y[i] = x.get(i);
            mean += y[i] / 15;
        }
        double[] sums = new double[n];
        for (int t = 0; t < n; t++) {
            double[] next = new double[15];
            for (int r = 0; r < 3; r++) {
                for (int c = 0; c < 5; c++) {
                    for (int k = 0; k < 5; k++) {
                        next[r * 5 + c] += y[r * 5 + k] * w.get(k * 5 + c);
                    }
                    next[r * 5 + c] = Math.tanh(next[r * 5 + c]);
                    sums[t] += next[r * 5 + c];
                }
            }
            sums[t] += mean * t;
            y = next;
        }
        return new double[][] {y, sums};
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "7", "40"})
    void aLoopCarriesStatesAndCollects(int n) {
        Random random = new Random(n);
        Tensor w = TestGraphs.random(random, 0.6, 5, 5);
        Tensor x = TestGraphs.random(random, 1, 3, 5);
        double[][] expected = recurred(x, w, n);
        for (NetworkOptions options : List.of(NetworkOptions.DEFAULT, NetworkOptions.DEFAULT.on(Backend.SCALAR),
                NetworkOptions.DEFAULT.with(Parallelism.of(2)))) {
            try (PreparedNetwork network = Network.of(recurrence(w)).prepare(options);
                    Parallelism _ = options.parallelism()) {
                Map<String, Tensor> outputs = network.run(Map.of("n", integer(n), "x", x), ARENA);
                assertClose(expected[0], outputs.get("last"));
                assertClose(expected[1], outputs.get("sums"));
                assertEquals(Shape.of(n), outputs.get("sums").shape());
                Map<String, Tensor> into = Map.of("last", Tensor.allocate(ARENA, DataType.F32, Shape.of(3, 5)), "sums",
                        Tensor.allocate(ARENA, DataType.F32, Shape.of(n)));
                network.run(Map.of("n", integer(n), "x", x), into);
                assertClose(expected[1], into.get("sums"));
                assertThrows(TersorException.class, () -> network.run(Map.of("n", integer(n + 1), "x", x), into));
            }
        }
    }

    private static void assertClose(double[] expected, Tensor actual) {
        assertEquals(expected.length, actual.shape().elements());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual.get(i), 1e-4, "element " + i);
        }
    }

    @Test
    void bodiesAreTheSameFromAFile() {
        Tensor w = TestGraphs.random(new Random(1), 0.6, 5, 5);
        Tensor x = TestGraphs.random(new Random(2), 1, 3, 5);
        String first = run(recurrence(w), "sums", Map.of("n", integer(3), "x", x));
        assertTrue(first.startsWith("f32 [3] "), first);
    }

    /** Fibonacci numbers: each state becomes the other, so that memory must not be used again too early. */
    @Test
    void statesMayBeOtherStates() {
        GraphBuilder loop = body("i", "go", "a", "b");
        String sum = loop.add("Add", "a", "b");
        GraphBuilder b = Graph.builder("fibonacci", 18);
        b.input(ValueInfo.of("n", DataType.S64));
        b.constant("zero", floats(0));
        b.constant("one", floats(1));
        b.node(loop(List.of("n", "", "zero", "one"), List.of("x", "y", "all"), build(loop, "go", "b", sum, "a"), 4));
        Graph graph = b.output(tensor("x", DataType.F32)).output(tensor("all", DataType.F32)).build();
        assertEquals("f32 [1] 55.0", run(graph, "x", Map.of("n", integer(10))));
        assertEquals("f32 [6, 1] 0.0 1.0 1.0 2.0 3.0 5.0", run(graph, "all", Map.of("n", integer(6))));
    }

    /** while (x < 100) x = 2 x, without a number of iterations; the state grows as well. */
    @Test
    void aLoopEndsByItsCondition() {
        GraphBuilder loop = body("i", "go", "x", "grown", "hundred");
        String doubled = loop.add("Add", "x", "x");
        String less = loop.add("Less", doubled, "hundred");
        String longer = loop.add("Concat", List.of("grown", doubled), Attributes.NONE.with("axis", 0));
        String square = loop.add("Squeeze", less);
        GraphBuilder b = Graph.builder("while", 18);
        b.input(tensor("go", DataType.BOOL)).input(tensor("x", DataType.F32));
        b.constant("hundred", floats(100));
        b.node(loop(List.of("", "go", "x", "x"), List.of("last", "grown"), build(loop, square, doubled, longer), 4));
        Graph graph = b.output(tensor("last", DataType.F32)).output(tensor("grown", DataType.F32)).build();
        assertEquals("f32 [1] 192.0", run(graph, "last", Map.of("go", flag(true), "x", floats(3))));
        assertEquals("f32 [7] 3.0 6.0 12.0 24.0 48.0 96.0 192.0",
                run(graph, "grown", Map.of("go", flag(true), "x", floats(3))));
        assertEquals("f32 [1] 3.0", run(graph, "last", Map.of("go", flag(false), "x", floats(3))));
    }

    /** Rows by a slice that moves with the iteration, and ever more of them: nothing is planned anew for each. */
    @Test
    void shapesMayFollowFromElements() {
        GraphBuilder loop = body("i", "go", "sum", "x");
        String one = loop.constant("one", Tensor.ofLongs(ARENA, Shape.of(1), 1));
        String zero = loop.constant("zero", Tensor.ofLongs(ARENA, Shape.of(1), 0));
        String end = loop.add("Add", "i", one);
        String row = loop.add("Slice", "x", loop.add("Reshape", "i", one), end, zero);
        String rows = loop.add("ReduceSum", List.of(loop.add("Slice", "x", zero, end, zero), zero), Attributes.NONE);
        String sum = loop.add("Add", "sum", loop.add("Mul", row, rows));
        GraphBuilder b = Graph.builder("slices", 18);
        b.input(ValueInfo.of("n", DataType.S64)).input(tensor("x", DataType.F32));
        b.constant("start", Tensor.ofFloats(ARENA, Shape.of(1, 2), 0, 0));
        b.node(loop(List.of("n", "", "start"), List.of("y"), build(loop, "go", sum), 3));
        Graph graph = b.output(tensor("y", DataType.F32)).build();
        Tensor x = Tensor.ofFloats(ARENA, Shape.of(3, 2), 1, 2, 3, 4, 5, 6);
        Map<String, Tensor> inputs = Map.of("n", integer(3), "x", x);
        // 1 * 1 + 3 * (1 + 3) + 5 * (1 + 3 + 5), and the other column.
        assertEquals("f32 [1, 2] 58.0 100.0", run(graph, "y", inputs));
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            network.run(inputs, ARENA);
            assertEquals(2, network.kernels().stream().filter(step -> step.operator().equals("Slice")).count());
            assertTrue(network.kernels().stream().map(StepInfo::operator).toList().contains("Mul"));
        }
    }

    @Test
    void noIterationCollectsNothing() {
        GraphBuilder loop = body("i", "go", "x");
        String doubled = loop.add("Add", "x", "x");
        loop.output(ValueInfo.unknown("go")).output(ValueInfo.unknown(doubled));
        loop.node(Node.of("scan", "Identity", List.of("x"), List.of("scan"), Attributes.NONE));
        loop.output(ValueInfo.of("scan", DataType.F32, Dim.of(2), Dim.UNKNOWN));
        GraphBuilder b = Graph.builder("none", 18);
        b.input(ValueInfo.of("n", DataType.S64)).input(tensor("x", DataType.F32));
        b.node(loop(List.of("n", "", "x"), List.of("last", "all"), loop.build(), 3));
        Graph graph = b.output(tensor("last", DataType.F32)).output(tensor("all", DataType.F32)).build();
        Map<String, Tensor> inputs = Map.of("n", integer(0), "x", Tensor.ofFloats(ARENA, Shape.of(2, 1), 1, 2));
        assertEquals("f32 [0, 2, 0]", run(graph, "all", inputs));
        assertEquals("f32 [2, 1] 1.0 2.0", run(graph, "last", inputs));
    }

    /** Sums of columns from the right and products from the left at once. */
    @Test
    void aScanRunsOverSlices() {
        GraphBuilder scan = body("sum", "product", "right", "left");
        String sum = scan.add("Add", "sum", "right");
        String product = scan.add("Mul", "product", "left");
        GraphBuilder b = Graph.builder("scan", 18);
        b.input(tensor("x", DataType.F32));
        b.constant("zeros", floats(0, 0));
        b.constant("ones", floats(1, 1));
        Attributes attributes = Attributes.NONE.with("num_scan_inputs", 2).with("scan_input_axes", new long[] {1, -1})
                .with("scan_input_directions", new long[] {1, 0}).with("scan_output_axes", new long[] {1, 0})
                .with("scan_output_directions", new long[] {1, 0});
        b.node(Node.of("scan", "Scan", List.of("zeros", "ones", "x", "x"), List.of("s", "p", "sums", "products"),
                attributes).withBodies(Map.of("body", build(scan, sum, product, scan.add("Identity", sum),
                        scan.add("Identity", product))), Map.of("body", 4)));
        for (String output : List.of("s", "p", "sums", "products")) {
            b.output(tensor(output, DataType.F32));
        }
        Graph graph = b.build();
        Map<String, Tensor> x = Map.of("x", Tensor.ofFloats(ARENA, Shape.of(2, 3), 1, 2, 3, 4, 5, 6));
        assertEquals("f32 [2] 6.0 15.0", run(graph, "s", x));
        assertEquals("f32 [2] 6.0 120.0", run(graph, "p", x));
        assertEquals("f32 [2, 3] 6.0 5.0 3.0 15.0 11.0 6.0", run(graph, "sums", x));
        assertEquals("f32 [3, 2] 1.0 4.0 2.0 20.0 6.0 120.0", run(graph, "products", x));
    }

    /** Opset 8: a batch of sequences of different lengths, the second one backwards. */
    @Test
    void oldScansHaveABatch() {
        GraphBuilder scan = Graph.builder("body", 8);
        scan.input(ValueInfo.unknown("sum")).input(ValueInfo.unknown("x"));
        String sum = scan.add("Add", "sum", "x");
        GraphBuilder b = Graph.builder("scan8", 8);
        b.input(tensor("lengths", DataType.S64)).input(tensor("x", DataType.F32));
        b.constant("start", Tensor.ofFloats(ARENA, Shape.of(2, 1), 0, 100));
        b.node(Node.of("scan", "Scan", List.of("lengths", "start", "x"), List.of("s", "sums"),
                Attributes.NONE.with("num_scan_inputs", 1).with("directions", new long[] {1}))
                .withBodies(Map.of("body", build(scan, sum, scan.add("Identity", sum))), Map.of("body", 2)));
        Graph graph = b.output(tensor("s", DataType.F32)).output(tensor("sums", DataType.F32)).build();
        Map<String, Tensor> inputs = Map.of("lengths", Tensor.ofLongs(ARENA, Shape.of(2), 3, 2), "x",
                Tensor.ofFloats(ARENA, Shape.of(2, 3, 1), 1, 2, 3, 4, 5, 6));
        assertEquals("f32 [2, 1] 6.0 109.0", run(graph, "s", inputs));
        assertEquals("f32 [2, 3, 1] 3.0 5.0 6.0 105.0 109.0 0.0", run(graph, "sums", inputs));
    }

    /** A value of the body that happens to have the name of a value outside that the body reads under another name. */
    @Test
    void namesOfBodiesAndOutsideDoNotMix() {
        GraphBuilder then = body("w");
        then.node(Node.of("a", "Add", List.of("w", "w"), List.of("z"), Attributes.NONE));
        Graph twice = build(then, then.add("Mul", "z", "w"));
        GraphBuilder b = Graph.builder("names", 18);
        b.input(tensor("cond", DataType.BOOL)).input(tensor("z", DataType.F32)).input(tensor("w", DataType.F32));
        Node node = branch("cond", List.of("y"), twice, twice);
        b.node(node.withInputs(List.of("cond", "z", "w")));
        Graph graph = b.output(tensor("y", DataType.F32)).build();
        assertEquals("f32 [1] 18.0", run(graph, "y",
                Map.of("cond", flag(true), "z", floats(3), "w", floats(5))));
        assertEquals("f32 [1] 50.0", run(graph, "y",
                Map.of("cond", flag(false), "z", floats(3), "w", floats(5))));
    }

    private static Graph endless() {
        GraphBuilder loop = body("i", "go", "x");
        String next = loop.add("Add", "x", "x");
        GraphBuilder b = Graph.builder("endless", 18);
        b.input(tensor("x", DataType.F32));
        b.node(loop(List.of("", "", "x"), List.of("y"), build(loop, "go", next), 3));
        return b.output(tensor("y", DataType.F32)).build();
    }

    @Test
    @Timeout(60)
    void anInterruptionEndsALoop() throws InterruptedException {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        try (PreparedNetwork network = Network.of(endless()).prepare(Backend.SCALAR)) {
            Thread thread = Thread.ofPlatform().start(() -> {
                try (Arena arena = Arena.ofConfined()) {
                    network.run(Map.of("x", floats(1)), arena);
                } catch (TersorException e) {
                    thrown.set(e);
                }
            });
            Thread.sleep(300);
            assertTrue(thread.isAlive());
            assertThrows(IllegalStateException.class, network::close);
            thread.interrupt();
            thread.join();
        }
        assertTrue(thrown.get().getMessage().contains("node loop (Loop) body body: the thread was interrupted"),
                thrown.get().toString());
    }

    /** Each iteration doubles a tensor of 1 KiB: what the input's size allows is soon exceeded. */
    @Test
    @Timeout(60)
    void memoryIsLimited() {
        GraphBuilder loop = body("i", "go", "x");
        String next = loop.add("Concat", List.of("x", "x"), Attributes.NONE.with("axis", 0));
        GraphBuilder b = Graph.builder("growing", 18);
        b.input(tensor("x", DataType.F32));
        b.node(loop(List.of("", "", "x"), List.of("y"), build(loop, "go", next), 3));
        Graph graph = b.output(tensor("y", DataType.F32)).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            TersorException e = assertThrows(TersorException.class,
                    () -> network.run(Map.of("x", Tensor.allocate(ARENA, DataType.F32, Shape.of(256))), ARENA));
            assertTrue(e.getMessage().contains("that the sizes of inputs and constants allow"), e.getMessage());
        }
    }

    @Test
    void wrongGraphsAreRefused() {
        GraphBuilder then = body("x");
        String unknown = then.add("NoSuchOperator", "x");
        GraphBuilder otherwise = body("x");
        Graph same = build(otherwise, otherwise.add("Neg", "x"));
        GraphBuilder b = Graph.builder("wrong", 18);
        b.input(tensor("cond", DataType.BOOL)).input(tensor("x", DataType.F32));
        b.node(branch("cond", List.of("y"), build(then, unknown), same));
        Graph unsupported = b.output(tensor("y", DataType.F32)).build();
        UnsupportedOperatorException e = assertThrows(UnsupportedOperatorException.class,
                () -> Network.of(unsupported).prepare(Backend.SCALAR));
        assertEquals("NoSuchOperator", e.operator());
        GraphBuilder few = Graph.builder("few", 18).input(tensor("cond", DataType.BOOL))
                .input(tensor("x", DataType.F32)).output(tensor("y", DataType.F32));
        few.node(branch("cond", List.of("y"), same, same).withInputs(List.of("cond", "x")));
        assertTrue(assertThrows(GraphException.class, few::build).getMessage().contains("node if (If) else_branch"));
    }

    @ParameterizedTest
    @CsvSource({"x, 'node if (If) input 0 ''x'': expected one bool, got f32 2'",
        "two, 'node if (If) input 0 ''two'': expected one bool, got bool 2'"})
    void wrongConditionsAreNamed(String condition, String message) {
        GraphBuilder otherwise = body("x");
        Graph same = build(otherwise, otherwise.add("Neg", "x"));
        GraphBuilder b = Graph.builder("wrong", 18);
        b.input(tensor("x", DataType.F32)).input(tensor("two", DataType.BOOL));
        b.node(branch(condition, List.of("y"), same, same));
        Graph graph = b.output(tensor("y", DataType.F32)).build();
        try (PreparedNetwork network = Network.of(graph).prepare(Backend.SCALAR)) {
            TersorException e = assertThrows(TersorException.class, () -> network.run(Map.of("x", floats(1, 2), "two",
                    Tensor.ofBytes(ARENA, DataType.BOOL, Shape.of(2), (byte) 1, (byte) 1)), ARENA));
            assertTrue(e.getMessage().startsWith(message), e.getMessage());
        }
    }

    @Test
    void manyThreadsShareAProgram() throws Exception {
        Tensor w = TestGraphs.random(new Random(3), 0.6, 5, 5);
        Tensor x = TestGraphs.random(new Random(4), 1, 3, 5);
        try (PreparedNetwork network = Network.of(recurrence(w)).prepare();
                ExecutorService executor = Executors.newFixedThreadPool(8)) {
            String expected = sums(network, x, 9);
            List<Future<String>> results = executor.invokeAll(java.util.Collections.<Callable<String>>nCopies(64,
                    () -> sums(network, x, 9)));
            List<String> all = new ArrayList<>();
            for (Future<String> result : results) {
                all.add(result.get());
            }
            assertEquals(java.util.Collections.nCopies(64, expected), all);
        }
    }

    private static String sums(PreparedNetwork network, Tensor x, long n) {
        try (Arena arena = Arena.ofConfined()) {
            return FlowRuns.describe(network.run(Map.of("n", integer(n), "x", x), arena).get("sums"));
        }
    }
}
