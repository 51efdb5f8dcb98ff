package io.tersor.bench.peers;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * OpenBLAS, function by function. The number of threads is that of the whole process: one thread at a time sets it and
 * runs. Extents are what the caller has checked: at least 1, and the segments as long as they say.
 */
public final class OpenBlas {
    /** The peer's name. */
    public static final String NAME = "openblas";

    private static final int ROW_MAJOR = 101;
    private static final int NO_TRANSPOSE = 111;
    private static final int TRANSPOSE = 112;

    /**
     * Waiting threads of OpenBLAS spin for 2^26 cycles unless told otherwise, and so would slow down whoever is timed
     * next; 2^20 are a fraction of a millisecond, longer than the pause between two runs.
     */
    private static final String SPIN = "20";

    private final NativeLibrary library;
    private final MethodHandle setThreads;
    private final MethodHandle gemm;
    private final MethodHandle gemv;
    private final String config;
    private final String core;

    /**
     * Loads the library, and has it use the instruction set that the backends may use, whatever the environment says.
     * It chooses once in a process.
     *
     * @throws io.tersor.ffm.NativeLibraryException if it is missing, or cannot be used
     */
    public OpenBlas() {
        setEnvironment("OPENBLAS_THREAD_TIMEOUT", SPIN);
        setEnvironment("OPENBLAS_CORETYPE", core(Isa.used()));
        String platform = NativePlatform.current().toString();
        String directory = "org/bytedeco/openblas/" + platform + "/";
        String origin = "org.bytedeco:openblas:" + platform;
        // libgfortran needs it, but looks for it in the system's folders only, unless it is there already.
        NativeLibrary.load(new NativeBundle("libquadmath", List.of(directory + "libquadmath.so.0"), origin));
        library = NativeLibrary.load(new NativeBundle(NAME,
                List.of(directory + "libgfortran.so.5", directory + "libopenblas.so.0"), origin));
        setThreads = link("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
        gemm = link("cblas_sgemm", FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT));
        gemv = link("cblas_sgemv", FunctionDescriptor.ofVoid(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_FLOAT,
                ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_FLOAT, ADDRESS, JAVA_INT));
        config = text("openblas_get_config");
        core = text("openblas_get_corename");
    }

    private MethodHandle link(String function, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(library.require(function), descriptor);
    }

    /** Returns the kind of CPU whose kernels are for an instruction set. */
    private static String core(Isa isa) {
        return switch (isa) {
            case BASELINE -> "Nehalem";
            case AVX2, AVX2_VNNI -> "Haswell";
            case AVX512_VNNI -> "SkylakeX";
            case AVX512_BF16, AMX -> "Cooperlake";
        };
    }

    private String text(String function) {
        MethodHandle handle = link(function, FunctionDescriptor.of(ADDRESS));
        return NativeCall.text(NativeCall.of(() -> (MemorySegment) handle.invokeExact())).strip();
    }

    private static void setEnvironment(String name, String value) {
        MethodHandle set = Linker.nativeLinker().downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("setenv"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment nameInC = arena.allocateFrom(name);
            MemorySegment valueInC = arena.allocateFrom(value);
            NativeCall.of(() -> (int) set.invokeExact(nameInC, valueInC, 1));
        }
    }

    /** Returns what the library says of its build, which starts with {@code OpenBLAS} and the version. */
    public String config() {
        return config;
    }

    /** Returns the version. */
    public String version() {
        return config.replaceFirst("^OpenBLAS ", "").replaceFirst(" .*", "");
    }

    /** Returns the kind of CPU whose kernels it chose. */
    public String core() {
        return core;
    }

    /** Sets how many threads later products run in. */
    public void threads(int threads) {
        NativeCall.of(() -> {
            setThreads.invokeExact(threads);
            return threads;
        });
    }

    /**
     * dst = a * b for dense row-major f32 matrices: a [m, k], b [k, n], dst [m, n]. One row is multiplied by sgemv.
     */
    public void multiply(int m, int n, int k, MemorySegment a, MemorySegment b, MemorySegment dst) {
        NativeCall.of(() -> {
            if (m == 1) {
                gemv.invokeExact(ROW_MAJOR, TRANSPOSE, k, n, 1f, b, n, a, 1, 0f, dst, 1);
            } else {
                gemm.invokeExact(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, m, n, k, 1f, a, k, b, n, 0f, dst, n);
            }
            return dst;
        });
    }
}
