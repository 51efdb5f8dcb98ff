package io.tersor.bench.product;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.TersorException;
import io.tersor.bench.peers.NativeCall;
import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativeLibraryException;
import io.tersor.ffm.NativePlatform;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** libtersor-bench, function by function; see {@code native/bench/tersor_bench.h}. Immutable; safe to share. */
public final class BenchLibrary {
    private static final System.Logger LOGGER = System.getLogger("io.tersor.bench");
    private static final String NAME = "libtersor-bench";
    /** TERSOR_BENCH_READ_BLOCK: buffers that are read have a multiple of so many bytes. */
    public static final int READ_BLOCK_BYTES = 512;
    private static final int OK = 0;
    private static final int UNSUPPORTED_ISA = 4;
    private static final int ONEDNN = 1000;

    private final NativeLibrary library;
    private final MethodHandle statusName;
    private final MethodHandle create;
    private final MethodHandle kernel;
    private final MethodHandle run;
    private final MethodHandle destroy;
    private final MethodHandle limitName;
    private final MethodHandle limitRate;
    private final MethodHandle readRate;
    private final MethodHandle cacheBytes;

    /**
     * Loads the library.
     *
     * @throws io.tersor.ffm.NativeLibraryException if it was not built, or cannot be used
     */
    public BenchLibrary() {
        library = NativeLibrary.load(new NativeBundle(NAME,
                List.of("META-INF/native/" + NativePlatform.current() + "/"
                        + System.mapLibraryName("tersor-bench")),
                "a build of tersor-bench that had CMake and a C compiler"));
        statusName = link("tersor_bench_status_name", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        create = status("tersor_bench_product_create", ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                ADDRESS, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
        kernel = link("tersor_bench_product_kernel", FunctionDescriptor.of(ADDRESS, ADDRESS));
        run = status("tersor_bench_product_run", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
        destroy = link("tersor_bench_product_destroy", FunctionDescriptor.ofVoid(ADDRESS));
        limitName = link("tersor_bench_limit_name", FunctionDescriptor.of(ADDRESS, JAVA_INT));
        limitRate = status("tersor_bench_limit_rate", JAVA_INT, JAVA_LONG, ADDRESS);
        readRate = status("tersor_bench_read_rate", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
        cacheBytes = link("tersor_bench_cache_bytes", FunctionDescriptor.of(JAVA_LONG));
    }

    /**
     * Loads the library, or says in one line of the log that it is missing.
     *
     * @param command what goes on without it, for that line
     */
    public static Optional<BenchLibrary> find(String command) {
        try {
            return Optional.of(new BenchLibrary());
        } catch (NativeLibraryException e) {
            LOGGER.log(System.Logger.Level.WARNING, "{0} without shares of the machine''s limits: {1}", command,
                    e.getMessage());
            return Optional.empty();
        }
    }

    private MethodHandle link(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.require(function), descriptor);
    }

    private MethodHandle status(String function, MemoryLayout... arguments) {
        return link(function, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private void check(String what, int status) {
        if (status != OK) {
            throw new TersorException(NAME + ": " + what + ": "
                    + NativeCall.text(NativeCall.of(() -> (MemorySegment) statusName.invokeExact(status)))
                    + (status >= ONEDNN ? " (oneDNN's status " + (status - ONEDNN) + ")" : ""));
        }
    }

    /**
     * Returns the rates of register-only loops on one core by the names of the limits, in operations per second; those
     * that this CPU has.
     *
     * @param nanosEach how long to time each
     */
    public Map<String, Double> limits(long nanosEach) {
        Map<String, Double> rates = new LinkedHashMap<>();
        for (int limit = 0;; limit++) {
            int index = limit;
            MemorySegment name = NativeCall.of(() -> (MemorySegment) limitName.invokeExact(index));
            if (name.equals(MemorySegment.NULL)) {
                return rates;
            }
            measure(NativeCall.text(name), out -> (int) limitRate.invokeExact(index, nanosEach, out))
                    .ifPresent(rate -> rates.put(NativeCall.text(name), rate));
        }
    }

    /** Returns the rate of a plain read of a buffer, in bytes per second; empty where no loop for this CPU is built. */
    public OptionalDouble readRate(MemorySegment buffer, long nanos) {
        return measure("read", out -> (int) readRate.invokeExact(buffer, buffer.byteSize(), nanos, out));
    }

    /** A measurement that stores one number. */
    @FunctionalInterface
    private interface Measurement {
        int into(MemorySegment out) throws Throwable;
    }

    private OptionalDouble measure(String what, Measurement measurement) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_DOUBLE);
            int status = NativeCall.of(() -> measurement.into(out));
            if (status == UNSUPPORTED_ISA) {
                return OptionalDouble.empty();
            }
            check(what, status);
            return OptionalDouble.of(out.get(JAVA_DOUBLE, 0));
        }
    }

    /** Returns the bytes of the last-level cache, if the system tells. */
    public OptionalLong cacheBytes() {
        long bytes = NativeCall.of(() -> (long) cacheBytes.invokeExact());
        return bytes > 0 ? OptionalLong.of(bytes) : OptionalLong.empty();
    }

    /** What oneDNN is to do, in the order of {@code TERSOR_BENCH_GEMM} and what follows it. */
    public enum Operation {
        /** A matrix multiplication; extents are m, k, n. */
        GEMM,
        /** A convolution of one image; extents are ic, ih, iw, oc, kh, kw, stride, pad, dilation, groups. */
        CONV
    }

    /**
     * What is done to a sum.
     *
     * @param scales one f32 for each channel, or NULL; bias likewise
     */
    record Finish(MemorySegment scales, MemorySegment bias, int srcZeroPoint, int dstZeroPoint, boolean relu) {}

    /**
     * Prepares a primitive of oneDNN.
     *
     * @param onednn the file that the library's own backend has loaded
     * @param types codes of src, weights and dst
     * @return the product, to be destroyed
     */
    MemorySegment create(String onednn, int threads, Operation operation, long[] extents, int[] types,
            MemorySegment src, MemorySegment weights, MemorySegment dst, Finish finish, int copies) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment file = arena.allocateFrom(onednn);
            MemorySegment dims = arena.allocateFrom(JAVA_LONG, extents);
            MemorySegment codes = arena.allocateFrom(JAVA_INT, types);
            MemorySegment out = arena.allocate(ADDRESS);
            check("tersor_bench_product_create", NativeCall.of(() -> (int) create.invokeExact(file, threads, operation.ordinal(),
                    dims, codes, src, weights, dst, finish.scales, finish.bias, finish.srcZeroPoint,
                    finish.dstZeroPoint, finish.relu ? 1 : 0, copies, out)));
            return out.get(ADDRESS, 0);
        }
    }

    /** Returns the name of the kernel that oneDNN chose. */
    String kernel(MemorySegment product) {
        return NativeCall.text(NativeCall.of(() -> (MemorySegment) kernel.invokeExact(product)));
    }

    /** Runs so often and stores the time in nanoseconds. */
    void run(MemorySegment product, long runs, MemorySegment nanos) {
        check("tersor_bench_product_run", NativeCall.of(() -> (int) run.invokeExact(product, 1L, runs, nanos)));
    }

    /** Frees a product. */
    void destroy(MemorySegment product) {
        NativeCall.of(() -> {
            destroy.invokeExact(product);
            return product;
        });
    }
}
