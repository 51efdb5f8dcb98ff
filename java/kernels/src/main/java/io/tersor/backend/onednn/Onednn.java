package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.TersorException;
import io.tersor.ffm.Isa;
import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativeLibraryException;
import io.tersor.ffm.NativePlatform;
import io.tersor.ffm.onednn.Dnnl;
import io.tersor.ffm.onednn.dnnl_version_t;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;
import java.util.Optional;

/**
 * oneDNN in this process: the library, checked against the bindings, its CPU engine, and the calls that the
 * bindings do not make as they should be made. Immutable; safe to share.
 */
final class Onednn {
    private static final String NAME = "onednn";

    private final NativeLibrary library;
    private final String version;
    private final int isa;
    private final MemorySegment engine;

    /** The one instance, or why there is none; found out once. */
    private static final class Holder {
        private static final Optional<Onednn> INSTANCE;
        private static final String REASON;

        static {
            Optional<Onednn> instance = Optional.empty();
            String reason = "";
            try {
                instance = Optional.of(new Onednn());
            } catch (TersorException e) {
                reason = e.getMessage();
            }
            INSTANCE = instance;
            REASON = reason;
        }
    }

    /** Calls that jextract's bindings do not make as they should be made. */
    private static final class Calls {
        /**
         * The callee ignores the four arguments after its own four: on every ABI there is the caller places arguments
         * and cleans up. They are there because a downcall keeps the arenas of its arguments open: without them another
         * thread could free src, dst or the weights, of which oneDNN knows but the addresses, in the midst of a run.
         */
        private static final MethodHandle EXECUTE = Linker.nativeLinker().downcallHandle(
                get().library.require("dnnl_primitive_execute"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                        ADDRESS));

        /** Critical: it stores one pointer, in a few nanoseconds. */
        private static final MethodHandle SET_DATA = Linker.nativeLinker().downcallHandle(
                Dnnl.dnnl_memory_set_data_handle$address(), Dnnl.dnnl_memory_set_data_handle$descriptor(),
                Linker.Option.critical(false));

        /** Critical: it stores one integer in thread-local memory, in a few nanoseconds. Absent without OpenMP. */
        private static final MethodHandle SET_THREADS = get().library.find("omp_set_num_threads")
                .map(symbol -> Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.ofVoid(JAVA_INT),
                        Linker.Option.critical(false)))
                .orElseGet(() -> MethodHandles.empty(MethodType.methodType(void.class, int.class)));
    }

    private Onednn() {
        NativePlatform platform = NativePlatform.current();
        String directory = "org/bytedeco/dnnl/" + platform + "/";
        library = NativeLibrary.load(new NativeBundle(NAME,
                List.of(directory + "libgomp.so.1", directory + "libdnnl.so.3"), "org.bytedeco:dnnl:" + platform));
        // The bindings look their symbols up among all loaded libraries, so a foreign library is found out first.
        library.require("dnnl_version");
        MemorySegment found = Dnnl.dnnl_version();
        version = dnnl_version_t.major(found) + "." + dnnl_version_t.minor(found) + "." + dnnl_version_t.patch(found);
        if (dnnl_version_t.major(found) != Dnnl.DNNL_VERSION_MAJOR()
                || dnnl_version_t.minor(found) < Dnnl.DNNL_VERSION_MINOR()) {
            throw new NativeLibraryException(NAME, library.file() + " has the wrong version: expected "
                    + Dnnl.DNNL_VERSION_MAJOR() + "." + Dnnl.DNNL_VERSION_MINOR() + " or a later "
                    + Dnnl.DNNL_VERSION_MAJOR() + ".x, got " + version);
        }
        int runtime = dnnl_version_t.cpu_runtime(found);
        if (runtime != Dnnl.DNNL_RUNTIME_SEQ() && runtime != Dnnl.DNNL_RUNTIME_OMP()
                && runtime != Dnnl.DNNL_RUNTIME_TBB()) {
            // Others return before the work is done.
            throw new NativeLibraryException(NAME, library.file()
                    + " has the wrong CPU runtime: expected sequential (1), OpenMP (2) or TBB (4), got " + runtime);
        }
        Isa.cap().ifPresent(Onednn::cap);
        isa = Dnnl.dnnl_get_effective_cpu_isa();
        engine = OnednnObject.create(Arena.global(), "dnnl_engine_create",
                out -> Dnnl.dnnl_engine_create(out, Dnnl.dnnl_cpu(), 0), Dnnl::dnnl_engine_destroy);
    }

    /** Lowers the highest instruction set, before anything asks for it; stronger than ONEDNN_MAX_CPU_ISA. */
    private static void cap(Isa cap) {
        int highest = switch (cap) {
            case BASELINE -> Dnnl.dnnl_cpu_isa_sse41();
            case AVX2 -> Dnnl.dnnl_cpu_isa_avx2();
            case AVX2_VNNI -> Dnnl.dnnl_cpu_isa_avx2_vnni();
            case AVX512_VNNI -> Dnnl.dnnl_cpu_isa_avx512_core_vnni();
            case AVX512_BF16 -> Dnnl.dnnl_cpu_isa_avx512_core_bf16();
            case AMX -> Dnnl.dnnl_cpu_isa_avx10_1_512_amx();
        };
        OnednnException.check("dnnl_set_max_cpu_isa", Dnnl.dnnl_set_max_cpu_isa(highest));
    }

    /** Returns the one instance, or empty with {@link #missing()} telling why. */
    static Optional<Onednn> find() {
        return Holder.INSTANCE;
    }

    /** Returns why there is no instance. */
    static String missing() {
        return Holder.REASON;
    }

    /**
     * Returns the one instance.
     *
     * @throws NativeLibraryException if the library cannot be used
     */
    static Onednn get() {
        return Holder.INSTANCE.orElseThrow(() -> new NativeLibraryException(NAME, "not available: " + Holder.REASON));
    }

    NativeLibrary library() {
        return library;
    }

    MemorySegment engine() {
        return engine;
    }

    /** Returns {@code major.minor.patch}. */
    String version() {
        return version;
    }

    /** Returns the file that was loaded. */
    String file() {
        return library.file().toString();
    }

    /** Returns oneDNN's name of the highest instruction set it uses. */
    String isaName() {
        return isaName(isa);
    }

    static String isaName(int isa) {
        if (isa == Dnnl.dnnl_cpu_isa_sse41()) {
            return "sse41";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx()) {
            return "avx";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx2()) {
            return "avx2";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx2_vnni()) {
            return "avx2_vnni";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx2_vnni_2()) {
            return "avx2_vnni_2";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx512_core()) {
            return "avx512_core";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx512_core_vnni()) {
            return "avx512_core_vnni";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx512_core_bf16()) {
            return "avx512_core_bf16";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx10_1_512()) {
            return "avx10_1_512";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx10_1_512_amx()) {
            return "avx10_1_512_amx";
        } else if (isa == Dnnl.dnnl_cpu_isa_avx10_1_512_amx_fp16()) {
            return "avx10_1_512_amx_fp16";
        }
        return "isa 0x" + Integer.toHexString(isa);
    }

    /**
     * Returns whether products of bytes are summed exactly: without VNNI oneDNN multiplies with an instruction that
     * saturates the sum of two products to 16 bits.
     */
    boolean sumsBytesExactly() {
        int vnni = Dnnl.dnnl_cpu_isa_avx512_core_vnni() & ~Dnnl.dnnl_cpu_isa_avx512_core()
                | Dnnl.dnnl_cpu_isa_avx2_vnni() & ~Dnnl.dnnl_cpu_isa_avx2();
        return (isa & vnni) != 0;
    }

    /** Returns whether there are instructions for bf16 products; what oneDNN does without them loses infinities. */
    boolean multipliesBf16() {
        return (isa & Dnnl.dnnl_cpu_isa_avx512_core_bf16()) == Dnnl.dnnl_cpu_isa_avx512_core_bf16();
    }

    /** Returns whether it uses AMX. */
    boolean hasAmx() {
        return (isa & Dnnl.dnnl_cpu_isa_avx10_1_512_amx()) == Dnnl.dnnl_cpu_isa_avx10_1_512_amx();
    }

    /** Returns whether kernels can mask what lies beyond an operand's end with AVX-512's registers. */
    boolean hasAvx512() {
        return (isa & Dnnl.dnnl_cpu_isa_avx512_core()) == Dnnl.dnnl_cpu_isa_avx512_core();
    }

    /** Sets the number of threads that primitives created or executed by this thread use from now on. */
    static void setThreads(int threads) {
        try {
            Calls.SET_THREADS.invokeExact(threads);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Tells a memory object where its data lies from now on. */
    static void setData(MemorySegment memory, MemorySegment data) {
        int status;
        try {
            status = (int) Calls.SET_DATA.invokeExact(memory, data);
        } catch (Throwable e) {
            throw unexpected(e);
        }
        OnednnException.check("dnnl_memory_set_data_handle", status);
    }

    /**
     * Executes a primitive and returns when it is done.
     *
     * @param arguments of type {@code dnnl_exec_arg_t}
     * @param guard1 a segment whose arena stays open during the call
     * @param guard2 likewise
     * @param guard3 likewise
     * @param guard4 likewise
     */
    static void execute(MemorySegment primitive, MemorySegment stream, int count, MemorySegment arguments,
            MemorySegment guard1, MemorySegment guard2, MemorySegment guard3, MemorySegment guard4) {
        int status;
        try {
            status = (int) Calls.EXECUTE.invokeExact(primitive, stream, count, arguments, guard1, guard2,
                    guard3, guard4);
        } catch (Throwable e) {
            throw unexpected(e);
        }
        OnednnException.check("dnnl_primitive_execute", status);
    }

    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof RuntimeException exception) {
            return exception;
        }
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(e);
    }
}
