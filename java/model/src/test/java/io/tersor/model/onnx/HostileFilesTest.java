package io.tersor.model.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.tersor.TersorException;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.SharedFiles;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hostile files: each is refused with one of our exceptions, or runs, within two seconds and without taking memory that
 * nothing in it justifies. Seeded; {@code -Dtersor.fuzz.rounds=N} tries N times as many.
 */
class HostileFilesTest {
    private static final long LIMIT_NANOS = 2_000_000_000L;
    private static final long HEAP_LIMIT = 512L << 20;
    private static final long NATIVE_LIMIT = 256L << 20;
    private static final int ROUNDS = Integer.getInteger("tersor.fuzz.rounds", 1);
    private static final Arena ARENA = Arena.ofAuto();
    private static final ScheduledExecutorService WATCH = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().factory());

    @TempDir
    private Path folder;

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(ARENA, Shape.of(values.length), values);
    }

    private static Graph shapes() {
        GraphBuilder b = Graph.builder("shapes", 18);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(2), Dim.of(3), Dim.of(4)));
        String ones = b.add("ConstantOfShape", b.constant("shape", longs(2, 3, 4)));
        String y = b.add("Add", "x", ones);
        y = b.add("Tile", y, b.constant("repeats", longs(1, 2, 1)));
        y = b.add("Expand", y, b.constant("extents", longs(2, 6, 4)));
        y = b.add("Pad", y, b.constant("pads", longs(0, 1, 0, 0, 1, 0)));
        y = b.add("Pad", List.of(y, b.constant("more", longs(0, 1, 1, 0, 1, 1))),
                Attributes.NONE.with("mode", "reflect"));
        y = b.add("Slice", y, b.constant("starts", longs(0, 1)), b.constant("ends", longs(2, 9)),
                b.constant("axes", longs(0, 1)));
        y = b.add("Reshape", y, b.constant("flat", longs(2, -1)));
        y = b.add("Gather", List.of(y, b.constant("index", longs(0, 1, 0))), Attributes.NONE.with("axis", 1));
        y = b.add("Unsqueeze", y, b.constant("at", longs(0)));
        y = b.add("ReduceSum", y, b.constant("over", longs(2)));
        String range = b.add("Range", b.constant("start", Tensor.ofLongs(ARENA, Shape.of(), 0)),
                b.constant("limit", Tensor.ofLongs(ARENA, Shape.of(), 2)),
                b.constant("delta", Tensor.ofLongs(ARENA, Shape.of(), 1)));
        y = b.add("Mul", y, b.add("Reshape", b.add("Cast", List.of(range), Attributes.NONE.with("to", 1)),
                b.constant("column", longs(1, 2, 1))));
        String hot = b.add("OneHot", List.of(b.constant("which", longs(1, 0)), b.constant("depth", longs(2)),
                b.constant("values", Tensor.ofFloats(ARENA, Shape.of(2), 0f, 1f))), Attributes.NONE);
        b.node(Node.of("last", "Add", List.of(y, hot), List.of("y"), Attributes.NONE));
        return b.output("y").build();
    }

    private static Graph images() {
        Random random = new Random(7);
        GraphBuilder b = Graph.builder("images", 18);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(4), Dim.of(6), Dim.of(5)));
        String y = b.add("ConvTranspose", List.of("x", b.constant("w", TestGraphs.random(random, 1, 4, 2, 3, 3))),
                Attributes.NONE.with("strides", new long[] {2, 2}).with("group", 2));
        y = b.add("Resize", List.of(y, "", b.constant("scales", Tensor.ofFloats(ARENA, Shape.of(4), 1, 1, 2, 0.5f))),
                Attributes.NONE.with("mode", "cubic"));
        y = b.add("Resize", List.of(y, "", "", b.constant("sizes", longs(1, 4, 8, 8))),
                Attributes.NONE.with("mode", "linear"));
        y = b.add("MaxPool", List.of(y), Attributes.NONE.with("kernel_shape", new long[] {2, 2})
                .with("strides", new long[] {2, 2}));
        y = b.add("DepthToSpace", List.of(y), Attributes.NONE.with("blocksize", 2));
        y = b.add("LRN", List.of(y), Attributes.NONE.with("size", 3));
        y = b.add("Softmax", List.of(y), Attributes.NONE.with("axis", -1));
        b.node(Node.of("last", "AveragePool", List.of(y), List.of("y"),
                Attributes.NONE.with("kernel_shape", new long[] {3, 3}).with("pads", new long[] {1, 1, 1, 1})));
        return b.output("y").build();
    }

    private static Graph sequences() {
        Random random = new Random(8);
        GraphBuilder b = Graph.builder("sequences", 23);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(3), Dim.of(1), Dim.of(4)));
        b.node(Node.of("lstm", "LSTM", List.of("x", b.constant("w", TestGraphs.random(random, 1, 1, 16, 4)),
                b.constant("r", TestGraphs.random(random, 1, 1, 16, 4))), List.of("all"),
                Attributes.NONE.with("hidden_size", 4)));
        String y = b.add("Squeeze", "all", b.constant("axes", longs(1)));
        y = b.add("Transpose", List.of(y), Attributes.NONE.with("perm", new long[] {1, 0, 2}));
        y = b.add("LayerNormalization", y, b.constant("g", TestGraphs.random(random, 1, 4)));
        y = b.add("Attention", List.of(y, y, y), Attributes.NONE.with("q_num_heads", 2).with("kv_num_heads", 2));
        y = b.add("MatMul", y, b.constant("m", TestGraphs.random(random, 1, 4, 6)));
        b.node(Node.of("top", "TopK", List.of(y, b.constant("k", longs(3))), List.of("y", "i"), Attributes.NONE));
        return b.output("y").output("i").build();
    }

    /** What opset 28 brought, random numbers, and n-grams of them. */
    private static Graph newest() {
        GraphBuilder b = Graph.builder("newest", 28);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(2), Dim.of(1), Dim.of(4), Dim.of(4)));
        Attributes seed = Attributes.NONE.with("seed", 3f);
        String y = b.add("SpaceToDepth", List.of("x"), Attributes.NONE.with("blocksize", 2).with("mode", "CRD"));
        y = b.add("SwiGLU", List.of(y, b.add("RandomUniformLike", List.of(y), seed.with("low", 0.5f))),
                Attributes.NONE.with("alpha", 0.7f));
        y = b.add("Add", y, b.add("RandomNormal", List.of(), seed.with("shape", new long[] {2, 4, 1, 2})));
        y = b.add("Mod", y, b.constant("divisor", Tensor.ofFloats(ARENA, Shape.of(1), 1.5f)));
        Tensor training = Tensor.allocate(ARENA, DataType.BOOL, Shape.of());
        training.setLong(0, 1);
        y = b.add("Dropout", List.of(y, b.constant("ratio", Tensor.ofFloats(ARENA, Shape.of(), 0.2f)),
                b.constant("training", training)), Attributes.NONE.with("seed", 4));
        String drawn = b.add("Multinomial", List.of(b.add("Reshape", y, b.constant("flat", longs(2, -1)))),
                seed.with("sample_size", 9));
        String shifted = b.add("BitShift", List.of(drawn, b.constant("by", Tensor.ofInts(ARENA, Shape.of(1), 1))),
                Attributes.NONE.with("direction", "RIGHT"));
        String counts = b.add("TfIdfVectorizer", List.of(shifted), Attributes.NONE.with("mode", "TFIDF")
                .with("min_gram_length", 1).with("max_gram_length", 2).with("max_skip_count", 3)
                .with("ngram_counts", new long[] {0, 2}).with("ngram_indexes", new long[] {1, 2, 0, 3})
                .with("pool_int64s", new long[] {0, 1, 2, 3, 1, 1})
                .with("weights", new Attribute.Floats(List.of(1f, 2f, 3f, 4f))));
        return b.output(b.add("Bernoulli", List.of(counts), seed)).output(y).build();
    }

    /** A loop with a branch in it that collects, a scan, and sequences. */
    private static Graph control() {
        GraphBuilder then = Graph.builder("then", 18).input(ValueInfo.unknown("x"));
        String factors = then.constant("factors", TestGraphs.random(new Random(9), 1, 4));
        then.output(ValueInfo.unknown(then.add("Mul", "x", factors)));
        GraphBuilder otherwise = Graph.builder("else", 18).input(ValueInfo.unknown("x"));
        otherwise.output(ValueInfo.unknown(otherwise.add("Neg", "x")));
        GraphBuilder loop = Graph.builder("body", 18).input(ValueInfo.of("i", DataType.S64))
                .input(ValueInfo.unknown("go")).input(ValueInfo.unknown("x")).input(ValueInfo.unknown("s"));
        String odd = loop.add("Cast", List.of(loop.add("Mod", "i", scalar(loop, 2))), Attributes.NONE.with("to", 9));
        Map<String, Graph> branches = new LinkedHashMap<>();
        branches.put("then_branch", then.build());
        branches.put("else_branch", otherwise.build());
        loop.node(Node.of("if", "If", List.of(odd), List.of("next"), Attributes.NONE)
                .withBodies(branches, Map.of("then_branch", 0, "else_branch", 0)));
        String longer = loop.add("SequenceInsert", "s", "next");
        Graph body = loop.output(ValueInfo.unknown("go")).output(ValueInfo.unknown("next"))
                .output(ValueInfo.unknown(longer)).output(ValueInfo.unknown(loop.add("Identity", "next"))).build();
        GraphBuilder b = Graph.builder("control", 18);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(3), Dim.of(4)));
        b.node(Node.of("loop", "Loop", List.of(scalar(b, 5), "", "x", b.add("SequenceConstruct", "x")),
                List.of("last", "all", "each"), Attributes.NONE)
                .withBodies(Map.of("body", body), Map.of("body", 4)));
        GraphBuilder scan = Graph.builder("scan", 18).input(ValueInfo.unknown("sum")).input(ValueInfo.unknown("row"));
        String sum = scan.add("Add", "sum", "row");
        scan.output(ValueInfo.unknown(sum)).output(ValueInfo.unknown(scan.add("Exp", sum)));
        b.node(Node.of("scan", "Scan", List.of("last", "each"), List.of("sum", "sums"),
                Attributes.NONE.with("num_scan_inputs", 1))
                .withBodies(Map.of("body", scan.build()), Map.of("body", 2)));
        b.node(Node.of("join", "ConcatFromSequence", List.of("all"), List.of("joined"),
                Attributes.NONE.with("axis", 0)));
        for (String output : List.of("sum", "sums", "joined")) {
            b.output(new ValueInfo(output, DataType.F32, Optional.empty()));
        }
        return b.build();
    }

    private List<ModelProto> good() throws IOException {
        List<ModelProto> models = new ArrayList<>();
        for (Graph graph : List.of(shapes(), images(), sequences(), control(), newest(), TestGraphs.residual())) {
            Path file = folder.resolve("good.onnx");
            graph.save(file);
            models.add(ModelProto.parseFrom(Files.readAllBytes(file)));
        }
        return models;
    }

    @Test
    void everyDamageIsRefusedOrHarmless() throws IOException {
        List<ModelProto> models = good();
        for (ModelProto model : models) {
            assertEquals("runs", outcome(model.toByteArray(), "good"));
        }
        Random random = new Random(20261125);
        List<String> wrong = new ArrayList<>();
        int files = 0;
        int refused = 0;
        for (int round = 0; round < 3 * ROUNDS; round++) {
            for (HostileModels.Damage damage : HostileModels.Damage.values()) {
                if (damage == HostileModels.Damage.DEEP_CHAIN && round > 0) {
                    continue;
                }
                for (int i = 0; i < models.size(); i++) {
                    String what = "file " + files + ": " + damage + " of model " + i;
                    String outcome = outcome(HostileModels.damaged(models.get(i), damage, random), what);
                    files++;
                    refused += outcome.equals("refused") ? 1 : 0;
                    if (!outcome.equals("runs") && !outcome.equals("refused")) {
                        wrong.add(what + ": " + outcome);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong);
        assertTrue(files >= 200 && refused > files / 2, refused + " of " + files + " files refused");
    }

    /** Every operator's checks: a damage for each model of ONNX's own tests. */
    @Test
    void damagedOperatorsAreRefusedOrHarmless() throws IOException {
        List<Path> files;
        try (Stream<Path> folders = Files.list(SharedFiles.path("onnx-node-tests"))) {
            files = folders.map(one -> one.resolve("model.onnx")).filter(Files::exists).sorted().toList();
        }
        HostileModels.Damage[] damages = {HostileModels.Damage.ATTRIBUTE_VALUES, HostileModels.Damage.HUGE_INPUT,
            HostileModels.Damage.RANK, HostileModels.Damage.MISSING_INPUT, HostileModels.Damage.DROP_ATTRIBUTE,
            HostileModels.Damage.FLIP, HostileModels.Damage.NO_INPUTS, HostileModels.Damage.SHUFFLE_INPUTS};
        Random random = new Random(99);
        List<String> wrong = new ArrayList<>();
        for (Path file : files) {
            ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
            for (int i = 0; i < ROUNDS; i++) {
                HostileModels.Damage damage = damages[random.nextInt(damages.length)];
                String what = file.getParent().getFileName() + ": " + damage;
                String outcome = outcome(HostileModels.damaged(model, damage, random), what);
                if (!outcome.equals("runs") && !outcome.equals("refused")) {
                    wrong.add("file " + what + ": " + outcome);
                }
            }
        }
        assertEquals(List.of(), wrong);
    }

    /** A file of a few hundred bytes that asks for a gigabyte, each of its operators alone. */
    @ParameterizedTest
    @ValueSource(strings = {"ConstantOfShape", "Expand", "Tile", "Pad", "Resize", "Range", "OneHot", "ConvTranspose"})
    void smallFilesDoNotTakeMuchMemory(String opType) throws IOException {
        GraphBuilder b = Graph.builder(opType, 18);
        b.input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(1), Dim.of(1), Dim.of(1)));
        String big = b.constant("big", longs(1, 1, 1 << 14, 1 << 14));
        String one = b.constant("one", TestGraphs.random(new Random(1), 1, 1, 1, 1, 1));
        for (String operand : List.of("x", one)) {
            String y = switch (opType) {
                case "ConstantOfShape" -> b.add("ConstantOfShape", big);
                case "Pad" -> b.add("Pad", operand, b.constant("pads", longs(0, 0, 1 << 14, 1 << 14, 0, 0, 0, 0)));
                case "Resize" -> b.add("Resize", operand, "", "", big);
                case "Range" -> b.add("Range", scalar(b, 0), scalar(b, 1 << 27), scalar(b, 1));
                case "OneHot" -> b.add("OneHot", b.constant("i", longs(1)), scalar(b, 1 << 27),
                        b.constant("values", longs(0, 1)));
                case "ConvTranspose" -> b.add("ConvTranspose", List.of(operand, one), Attributes.NONE
                        .with("output_padding", new long[] {1 << 14, 1 << 14}));
                default -> b.add(opType, operand, big);
            };
            b.output(new ValueInfo(y, opType.equals("Range") || opType.equals("OneHot") ? DataType.S64 : DataType.F32,
                    Optional.empty()));
        }
        Path file = folder.resolve("big.onnx");
        b.build().save(file);
        assertEquals("refused", outcome(Files.readAllBytes(file), opType));
    }

    private static String scalar(GraphBuilder b, long value) {
        return b.constant("scalar", Tensor.ofLongs(ARENA, Shape.of(), value));
    }

    /** Loads, prepares and, where the inputs are small, runs. */
    private String outcome(byte[] bytes, String what) throws IOException {
        Path file = folder.resolve("model.onnx");
        Files.write(file, bytes);
        // The thread's own time: other processes may hold the machine.
        long start = cpuNanos();
        long heap = heapBytes();
        long direct = nativeBytes();
        long taken = 0;
        String outcome;
        // Loops end as their operands say; this is how a caller ends them.
        Thread thread = Thread.currentThread();
        ScheduledFuture<?> interruption = WATCH.scheduleAtFixedRate(() -> {
            if (ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.threadId()) - start > LIMIT_NANOS / 8) {
                thread.interrupt();
            }
        }, 20, 20, TimeUnit.MILLISECONDS);
        try (PreparedNetwork network = Network.load(file).prepare(); Arena arena = Arena.ofConfined()) {
            run(network, arena);
            outcome = "runs";
            taken = nativeBytes() - direct;
        } catch (TersorException e) {
            outcome = e.getMessage() == null || e.getMessage().contains("\n") ? "message of several lines: " + e
                    : "refused";
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            StackTraceElement[] trace = e.getStackTrace();
            outcome = e + (trace.length > 0 ? " " + List.of(trace).subList(0, Math.min(6, trace.length)) : "");
        } finally {
            interruption.cancel(false);
            Thread.interrupted();
        }
        long nanos = cpuNanos() - start;
        if (nanos > LIMIT_NANOS) {
            outcome += ", after " + nanos / 1_000_000 + " ms";
        }
        taken = Math.max(taken, nativeBytes() - direct);
        if (heapBytes() - heap > HEAP_LIMIT || taken > NATIVE_LIMIT) {
            outcome += ", with " + (heapBytes() - heap >> 20) + " MiB of heap and " + (taken >> 20)
                    + " MiB outside it";
        }
        return outcome;
    }

    private static void run(PreparedNetwork network, Arena arena) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (ValueInfo info : network.inputs()) {
            long[] dims = new long[info.dims().map(List::size).orElse(0)];
            for (int axis = 0; axis < dims.length; axis++) {
                dims[axis] = info.dims().orElseThrow().get(axis) instanceof Dim.Known(long extent) ? extent : 1;
            }
            Shape shape = Shape.of(dims);
            if (shape.elements() > 1 << 16) {
                return;
            }
            inputs.put(info.name(), Tensor.allocate(arena, info.type(), shape));
        }
        network.run(inputs, arena);
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static long heapBytes() {
        return ManagementFactory.getThreadMXBean() instanceof com.sun.management.ThreadMXBean threads
                ? threads.getCurrentThreadAllocatedBytes() : 0;
    }

    /** Memory of arenas, which the JVM counts as that of direct buffers. */
    private static long nativeBytes() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct")).mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    }
}
