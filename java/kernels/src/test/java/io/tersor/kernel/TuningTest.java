package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.Isa;
import io.tersor.ffm.JavaProcess;
import io.tersor.kernel.BackendOrder.Timed;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class TuningTest {
    private static final List<String> ENVIRONMENT = List.of("cpu some CPU", "native 1.0, isa");
    private static final List<Timed> TIMES = List.of(new Timed(Backend.VECTOR, 1.5), new Timed(Backend.NATIVE, 20.25));
    private static final MatMulSpec SPEC = spec(16, 16, Bias.NONE);

    @TempDir
    private Path directory;

    private final FakeBackend fast = FakeBackend.running(Backend.VECTOR);
    private final FakeBackend slow = FakeBackend.running(Backend.NATIVE, () -> LockSupport.parkNanos(1_000_000));
    private final FakeBackend scalar = FakeBackend.running(Backend.SCALAR);

    private static MatMulSpec spec(long k, long n, Bias bias) {
        return new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, k, n, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, bias, Activation.NONE);
    }

    /** A registry as another process would have it: it knows no more than the file. */
    private KernelRegistry registry(Path place) {
        return new KernelRegistry(List.of(fast, slow, scalar), statuses -> new BackendOrder(Isa.BASELINE,
                Optional.empty(), TuningCache.of(statuses, () -> Optional.of(place))));
    }

    private static MatMul prepare(KernelRegistry registry, MatMulSpec spec, PrepareOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            return registry.prepare(spec, Tensor.allocate(arena, DataType.F32, spec.batch() == 1
                    ? Shape.of(spec.k(), spec.n()) : Shape.of(spec.batch(), spec.k(), spec.n())),
                    spec.bias() == Bias.NONE ? Optional.empty()
                            : Optional.of(Tensor.allocate(arena, DataType.F32, Shape.of(spec.n()))), options);
        }
    }

    private Backend chosen(KernelRegistry registry, MatMulSpec spec, PrepareOptions options) {
        try (MatMul kernel = prepare(registry, spec, options)) {
            return kernel.backend();
        }
    }

    private Path file() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(path -> path.toString().endsWith(".tsv")).findFirst().orElseThrow();
        }
    }

    /** Runs something and returns the log lines about tuning. */
    private static List<String> logged(Runnable action) {
        List<String> lines = Collections.synchronizedList(new ArrayList<>());
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord message) {
                if (message.getMessage().contains("tuning")) {
                    lines.add(String.valueOf(message.getParameters()[0]));
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("io.tersor");
        logger.addHandler(handler);
        try {
            action.run();
        } finally {
            logger.removeHandler(handler);
        }
        return lines;
    }

    @Test
    void theFastestIsKeptAndUsedFromThenOn() {
        PrepareOptions tuned = PrepareOptions.DEFAULT.tuned();
        KernelRegistry registry = registry(directory);
        assertEquals(Backend.NATIVE, chosen(registry, SPEC, PrepareOptions.DEFAULT));
        assertEquals(Backend.VECTOR, chosen(registry, SPEC, tuned));
        assertTrue(slow.runs() > 4 && fast.runs() > slow.runs(), slow.runs() + ", " + fast.runs());
        assertEquals(0, scalar.prepared());
        assertEquals(0, fast.open() + slow.open());
        int runs = fast.runs() + slow.runs();
        int prepared = slow.prepared();
        KernelRegistry later = registry(directory);
        assertEquals(Backend.VECTOR, chosen(later, SPEC, PrepareOptions.DEFAULT));
        assertEquals(Backend.VECTOR, chosen(later, SPEC, tuned));
        BackendChoice choice = later.explain(SPEC, PrepareOptions.DEFAULT);
        assertEquals(BackendChoice.Source.TUNED, choice.source());
        assertTrue(choice.reason().matches("tuned: vector [0-9.]+ us, native [0-9.]+ us"), choice.reason());
        assertEquals(runs, fast.runs() + slow.runs());
        assertEquals(prepared, slow.prepared());
        assertTrue(later.measurements().contains("1 tuned spec in " + directory), later.measurements());
    }

    @Test
    void otherSpecsRowsAndThreadsAreNotTuned() {
        KernelRegistry registry = registry(directory);
        assertEquals(Backend.VECTOR, chosen(registry, SPEC, PrepareOptions.DEFAULT.tuned()));
        try (Parallelism two = Parallelism.of(2)) {
            assertEquals(Backend.NATIVE, chosen(registry, SPEC, PrepareOptions.DEFAULT.with(two)));
        }
        assertEquals(Backend.NATIVE, chosen(registry, SPEC, PrepareOptions.DEFAULT.rows(65)));
        assertEquals(Backend.NATIVE, chosen(registry, spec(16, 17, Bias.NONE), PrepareOptions.DEFAULT));
        assertEquals(Backend.NATIVE, chosen(registry, spec(16, 16, Bias.F32), PrepareOptions.DEFAULT));
    }

    @Test
    void aBatchIsTunedByItsFirstMember() {
        MatMulSpec batch = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, 16, 16, QuantParams.IDENTITY,
                QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE, Optional.empty(), Activation.NONE, 3);
        assertEquals(Backend.VECTOR, chosen(registry(directory), batch, PrepareOptions.DEFAULT.tuned()));
        assertEquals(Backend.VECTOR, chosen(registry(directory), SPEC, PrepareOptions.DEFAULT));
    }

    @Test
    void anOrderIsNotTuned() throws IOException {
        chosen(registry(directory), SPEC, PrepareOptions.DEFAULT.on(Backend.NATIVE).tuned()).label();
        chosen(registry(directory), spec(0, 4, Bias.NONE), PrepareOptions.DEFAULT.tuned()).label();
        assertEquals(0, slow.runs() + fast.runs());
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(0, files.count());
        }
    }

    /** Whatever replaces the file, or a part of it, it counts as empty, is told of once, and is replaced. */
    @ParameterizedTest
    @ValueSource(strings = {"version", "cpu", "bit", "cut", "empty", "binary", "backend", "large", "directory"})
    void aFileThatIsNotOursIsIgnoredAndReplaced(String damage) throws IOException {
        PrepareOptions tuned = PrepareOptions.DEFAULT.tuned();
        assertEquals(Backend.VECTOR, chosen(registry(directory), SPEC, tuned));
        String whole = Files.readString(file());
        assertTrue(whole.startsWith("tersor tuning 1\n") && whole.contains("vector="), whole);
        switch (damage) {
            case "version" -> Files.writeString(file(), whole.replace("tuning 1", "tuning 2"));
            case "cpu" -> Files.writeString(file(), signed(whole.replaceAll("# cpu .*", "# cpu another")));
            case "backend" -> Files.writeString(file(), signed(whole.replace("vector=", "abacus=")));
            case "bit" -> Files.writeString(file(), whole.replace("rows=64", "rows=65"));
            case "cut" -> Files.writeString(file(), whole.substring(0, whole.length() / 2));
            case "empty" -> Files.writeString(file(), "");
            case "binary" -> Files.write(file(), new byte[] {(byte) 0xFF, 0, (byte) 0xC3, 0x28});
            case "large" -> Files.writeString(file(), whole + "x".repeat(5 << 20));
            default -> {
                Path file = file();
                Files.delete(file);
                Files.createDirectory(file);
            }
        }
        KernelRegistry registry = registry(directory);
        List<String> lines = logged(() -> {
            assertEquals(Backend.NATIVE, chosen(registry, SPEC, PrepareOptions.DEFAULT));
            assertEquals(Backend.VECTOR, chosen(registry, SPEC, tuned));
            assertEquals(Backend.VECTOR, chosen(registry, SPEC, PrepareOptions.DEFAULT));
        });
        assertTrue(lines.getFirst().startsWith(file().toString()), lines.toString());
        if (!damage.equals("directory")) {
            assertEquals(1, lines.size(), lines.toString());
            assertEquals(Backend.VECTOR, chosen(registry(directory), SPEC, PrepareOptions.DEFAULT));
        }
    }

    /** Returns a file's text with the sum that belongs to it. */
    private static String signed(String text) {
        String body = text.split("\n", 3)[2];
        java.util.zip.CRC32 crc = new java.util.zip.CRC32();
        crc.update(body.getBytes(StandardCharsets.UTF_8));
        return String.format("tersor tuning 1%n%08x%n%s", crc.getValue(), body);
    }

    @Test
    void withoutADirectoryTheProcessRemembers() throws IOException {
        Path missing = directory.resolve("missing");
        KernelRegistry registry = registry(missing);
        List<String> lines = logged(() -> {
            for (int rows = 1; rows <= 2; rows++) {
                assertEquals(Backend.VECTOR, chosen(registry, SPEC, PrepareOptions.DEFAULT.rows(rows).tuned()));
                assertEquals(Backend.VECTOR, chosen(registry, SPEC, PrepareOptions.DEFAULT.rows(rows)));
            }
        });
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().contains(missing.toString()), lines.toString());
        KernelRegistry nowhere = new KernelRegistry(List.of(fast, slow), statuses -> new BackendOrder(Isa.BASELINE,
                Optional.empty(), TuningCache.of(statuses, Optional::empty)));
        assertEquals(1, logged(() -> assertEquals(Backend.VECTOR,
                chosen(nowhere, SPEC, PrepareOptions.DEFAULT.tuned()))).size());
        assertFalse(Files.exists(missing));
    }

    @Test
    void aFileHoldsWhatWasAdded() throws IOException {
        TuningFile file = new TuningFile(directory, ENVIRONMENT);
        assertEquals(Map.of(), file.read());
        assertEquals(Map.of("a spec", TIMES), file.add("a spec", TIMES));
        assertEquals(Map.of("a spec", TIMES), new TuningFile(directory, ENVIRONMENT).read());
        assertEquals(Map.of(), new TuningFile(directory, List.of("cpu another")).read());
        List<Timed> reversed = TIMES.reversed();
        file.add("a spec", reversed);
        file.add("other", TIMES);
        assertEquals(Map.of("a spec", reversed, "other", TIMES), file.read());
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(2, files.count(), "the file and its lock");
        }
    }

    /** Adds as many decisions as the arguments say, for the test below. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
                new TuningFile(Path.of(arguments[0]), ENVIRONMENT).add(arguments[1] + i, TIMES);
            }
        }
    }

    @Test
    void writersAtOnceLoseNothing() throws Exception {
        int each = 25;
        List<JavaProcess> processes = new ArrayList<>();
        for (String name : List.of("one", "two")) {
            processes.add(JavaProcess.start(List.of(), List.of(), Writer.class, directory.toString(), name,
                    String.valueOf(each)));
        }
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
        for (String name : List.of("three", "four")) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    Writer.main(new String[] {directory.toString(), name, String.valueOf(each)});
                } catch (IOException | RuntimeException e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        for (JavaProcess process : processes) {
            assertEquals(0, process.result().status());
        }
        assertEquals(List.of(), failures);
        assertEquals(4 * each, new TuningFile(directory, ENVIRONMENT).read().size());
    }
}
