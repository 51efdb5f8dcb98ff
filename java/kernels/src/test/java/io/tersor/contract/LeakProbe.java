package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Backend;
import io.tersor.kernel.MatMul;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Prepares, runs and closes many kernels, and prints how much memory the process took at least for
 * a part of them, and how many file descriptors for all; {@link LeakTest} starts it. */
final class LeakProbe {
    /** What the line with the result begins with; KiB and file descriptors follow. */
    static final String RESULT = "growth ";

    /** Kernels are watched in so many parts: what leaks grows in each of them, what the JVM does once in only one. */
    static final int PARTS = 5;

    private static final int K = 32;
    private static final int N = 40;

    private final Backend backend;
    private final boolean closing;
    private final Operands[] operands;

    /** Of one kernel. */
    private record Operands(MatMul.Builder builder, Tensor src, Tensor dst) {
        private static Operands of(Arena arena, DataType src, DataType weights) {
            return new Operands(MatMul.spec(src, weights, src).relu()
                    .weights(Tensor.allocate(arena, weights, Shape.of(K, N))),
                    Tensor.allocate(arena, src, Shape.of(1, K)), Tensor.allocate(arena, src, Shape.of(1, N)));
        }
    }

    private LeakProbe(Backend backend, boolean closing, Arena arena) {
        this.backend = backend;
        this.closing = closing;
        this.operands = Stream.of(Operands.of(arena, F32, F32), Operands.of(arena, U8, S8)).filter(this::runs)
                .toArray(Operands[]::new);
    }

    /** oneDNN refuses bytes where it does not sum them exactly. */
    private boolean runs(Operands one) {
        try {
            one.builder.prepare(backend).close();
            return true;
        } catch (UnsupportedKernelException e) {
            return false;
        }
    }

    /** Takes a backend's name, how many kernels to begin with, how many to watch, and whether to close them. */
    public static void main(String[] arguments) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            LeakProbe probe = new LeakProbe(Backend.valueOf(arguments[0]), Boolean.parseBoolean(arguments[3]), arena);
            probe.use(Integer.parseInt(arguments[1]));
            int part = Integer.parseInt(arguments[2]) / PARTS;
            long descriptors = descriptors();
            long least = Long.MAX_VALUE;
            for (int i = 0; i < PARTS; i++) {
                long kib = residentKib();
                probe.use(part);
                least = Math.min(least, residentKib() - kib);
            }
            System.out.println(RESULT + least + " " + (descriptors() - descriptors));
        }
    }

    private void use(int kernels) {
        for (int i = 0; i < kernels; i++) {
            Operands one = operands[i % operands.length];
            MatMul kernel = one.builder.prepare(backend);
            kernel.run(one.src, one.dst);
            if (closing) {
                kernel.close();
            }
        }
    }

    private static long residentKib() throws IOException {
        System.gc();
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:")).mapToLong(line ->
                    Long.parseLong(line.replaceAll("[^0-9]", ""))).sum();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
