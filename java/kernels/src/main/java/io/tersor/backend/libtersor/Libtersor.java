package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.TersorException;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativeLibraryException;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * The functions of tersor.h, one method each, with its types and names; a status other than TERSOR_OK is thrown. Sizes
 * and addresses are passed on as they are: the kernels check them. Immutable and thread-safe.
 *
 * <p>The handles take the function's address as first argument, so that they are constants, while the library is not.
 */
final class Libtersor {
    /** TERSOR_ABI_VERSION of the header that this class follows. */
    static final int ABI_VERSION = 9;

    /** TERSOR_ALIGNMENT. */
    static final int ALIGNMENT_BYTES = 64;

    /** TERSOR_OUT_OF_MEMORY. */
    private static final int OUT_OF_MEMORY = 8;

    private static final MethodHandle ABI = handle();
    private static final MethodHandle VERSION = link(FunctionDescriptor.of(ADDRESS));
    private static final MethodHandle STATUS_NAME = link(FunctionDescriptor.of(ADDRESS, JAVA_INT));
    private static final MethodHandle CPU_ISAS = handle(ADDRESS);
    private static final MethodHandle MAP_PAGES = handle(JAVA_LONG, ADDRESS);
    private static final MethodHandle UNMAP_PAGES = handle(ADDRESS, JAVA_LONG);
    private static final MethodHandle OF_PACKED = handle(ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle GEMM_PACKED_BYTES = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle GEMM_PACK = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG,
            ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle GEMM = handle(ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS,
            JAVA_LONG);
    private static final MethodHandle CONV2D_PACKED_BYTES = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
            ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle CONV2D_PACK = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
            ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle CONV2D = handle(ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle CONVERT = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle QUANTIZE_NHWC = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            JAVA_FLOAT, JAVA_INT, ADDRESS);
    private static final MethodHandle MAX_POOL2D = handle(JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle LAYER_NORM = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_FLOAT,
            ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle GLOBAL_AVERAGE_POOL = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_INT, JAVA_FLOAT, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle REQUANTIZE = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
    private static final MethodHandle MAP = handle(JAVA_INT, JAVA_INT, JAVA_FLOAT, JAVA_FLOAT, JAVA_LONG, ADDRESS,
            ADDRESS);
    private static final MethodHandle BINARY = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle REDUCE = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            ADDRESS);
    private static final MethodHandle SOFTMAX = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle CAST = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle SELECT = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle MOVE = handle(ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG,
            ADDRESS);
    private static final MethodHandle MULTIPLY = handle(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle LOOKUP = handle(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle ATTENTION_SCRATCH_BYTES = handle(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle ATTENTION = handle(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle ATTENTION_KERNEL_NAME = handle(JAVA_INT, ADDRESS);

    private final NativeLibrary library;
    private final String version;
    private final MemorySegment statusName;
    private final MemorySegment cpuIsas;
    private final MemorySegment mapPages;
    private final MemorySegment unmapPages;
    private final MemorySegment packedKernelName;
    private final MemorySegment packedScratchBytes;
    private final MemorySegment gemmPackedBytes;
    private final MemorySegment gemmPack;
    private final MemorySegment gemm;
    private final MemorySegment conv2dPackedBytes;
    private final MemorySegment conv2dPack;
    private final MemorySegment conv2d;
    private final MemorySegment quantize;
    private final MemorySegment quantizeNhwc;
    private final MemorySegment dequantize;
    private final MemorySegment requantize;
    private final MemorySegment layerNorm;
    private final MemorySegment maxPool2d;
    private final MemorySegment globalAveragePool;
    private final MemorySegment map;
    private final MemorySegment binary;
    private final MemorySegment reduce;
    private final MemorySegment softmax;
    private final MemorySegment cast;
    private final MemorySegment select;
    private final MemorySegment move;
    private final MemorySegment lookup;
    private final MemorySegment multiply;
    private final MemorySegment attentionScratchBytes;
    private final MemorySegment attention;
    private final MemorySegment attentionKernelName;

    /** @throws NativeLibraryException if the library is not libtersor, or follows another header */
    Libtersor(NativeLibrary library) {
        this.library = library;
        MemorySegment abiVersion = library.require("tersor_abi_version");
        int abi = call(() -> (int) ABI.invokeExact(abiVersion));
        if (abi != ABI_VERSION) {
            throw new NativeLibraryException(library.name(), library.file() + " has interface version " + abi
                    + ", expected " + ABI_VERSION);
        }
        MemorySegment versionFunction = library.require("tersor_version");
        this.version = string(call(() -> (MemorySegment) VERSION.invokeExact(versionFunction)));
        this.statusName = library.require("tersor_status_name");
        this.cpuIsas = library.require("tersor_cpu_isas");
        this.mapPages = library.require("tersor_pages_map");
        this.unmapPages = library.require("tersor_pages_unmap");
        this.packedKernelName = library.require("tersor_packed_kernel_name");
        this.packedScratchBytes = library.require("tersor_packed_scratch_bytes");
        this.gemmPackedBytes = library.require("tersor_gemm_packed_bytes");
        this.gemmPack = library.require("tersor_gemm_pack");
        this.gemm = library.require("tersor_gemm");
        this.conv2dPackedBytes = library.require("tersor_conv2d_packed_bytes");
        this.conv2dPack = library.require("tersor_conv2d_pack");
        this.conv2d = library.require("tersor_conv2d");
        this.quantize = library.require("tersor_quantize");
        this.quantizeNhwc = library.require("tersor_quantize_nhwc");
        this.dequantize = library.require("tersor_dequantize");
        this.requantize = library.require("tersor_requantize");
        this.layerNorm = library.require("tersor_layer_norm");
        this.maxPool2d = library.require("tersor_max_pool2d");
        this.globalAveragePool = library.require("tersor_global_average_pool");
        this.map = library.require("tersor_map");
        this.binary = library.require("tersor_binary");
        this.reduce = library.require("tersor_reduce");
        this.softmax = library.require("tersor_softmax");
        this.cast = library.require("tersor_cast");
        this.select = library.require("tersor_select");
        this.move = library.require("tersor_move");
        this.lookup = library.require("tersor_lookup");
        this.multiply = library.require("tersor_multiply");
        this.attentionScratchBytes = library.require("tersor_attention_scratch_bytes");
        this.attention = library.require("tersor_attention");
        this.attentionKernelName = library.require("tersor_attention_kernel_name");
    }

    private static MethodHandle handle(MemoryLayout... arguments) {
        return link(FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle link(FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(descriptor);
    }

    /** A downcall, which throws nothing of its own but what its arguments' memory makes it throw. */
    @FunctionalInterface
    private interface Downcall<R> {
        R run() throws Throwable;
    }

    private static <R> R call(Downcall<R> downcall) {
        try {
            return downcall.run();
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
    }

    private static RuntimeException unchecked(Throwable failure) {
        return switch (failure) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new TersorException("libtersor: a downcall failed: " + failure, failure);
        };
    }

    private static String string(MemorySegment address) {
        return address.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private void check(String function, int status) {
        if (status != 0) {
            throw new LibtersorException(function, status,
                    string(call(() -> (MemorySegment) STATUS_NAME.invokeExact(statusName, status))));
        }
    }

    /** Returns the value of tersor_type. */
    static int typeCode(DataType type) {
        return switch (type) {
            case F32 -> 1;
            case S32 -> 2;
            case U8 -> 3;
            case S8 -> 4;
            case BF16 -> 5;
            case F16 -> 6;
            case S64 -> 7;
            case BOOL -> 8;
            default -> throw new IllegalArgumentException("libtersor has no type " + type);
        };
    }

    Path file() {
        return library.file();
    }

    String version() {
        return version;
    }

    int cpuIsas() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(JAVA_INT);
            check("tersor_cpu_isas", call(() -> (int) CPU_ISAS.invokeExact(cpuIsas, mask)));
            return mask.get(JAVA_INT, 0);
        }
    }

    String packedKernelName(MemorySegment packed) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ADDRESS);
            check("tersor_packed_kernel_name", call(
                    () -> (int) OF_PACKED.invokeExact(packedKernelName, packed, packed.byteSize(), name)));
            return string(name.get(ADDRESS, 0));
        }
    }

    /**
     * Returns zeroed memory, to be given back by {@link #unmapPages}.
     *
     * @param bytes a multiple of {@link WeightMemory#PAGE_BYTES}
     * @throws OutOfMemoryError if there is none
     */
    MemorySegment mapPages(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS);
            int status = call(() -> (int) MAP_PAGES.invokeExact(mapPages, bytes, address));
            if (status == OUT_OF_MEMORY) {
                throw new OutOfMemoryError("packed weights: " + bytes + " bytes");
            }
            check("tersor_pages_map", status);
            return address.get(ADDRESS, 0).reinterpret(bytes);
        }
    }

    void unmapPages(MemorySegment pages) {
        check("tersor_pages_unmap", call(() -> (int) UNMAP_PAGES.invokeExact(unmapPages, pages, pages.byteSize())));
    }

    long packedScratchBytes(MemorySegment packed) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check("tersor_packed_scratch_bytes", call(
                    () -> (int) OF_PACKED.invokeExact(packedScratchBytes, packed, packed.byteSize(), bytes)));
            return bytes.get(JAVA_LONG, 0);
        }
    }

    /** @param sparsity see {@link Sparsity} */
    long gemmPackedBytes(int isa, int srcType, int weightsType, int sparsity, long k, long n, MemorySegment weights,
            long kStride, long nStride) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check("tersor_gemm_packed_bytes", call(() -> (int) GEMM_PACKED_BYTES.invokeExact(gemmPackedBytes, isa,
                    srcType, weightsType, sparsity, k, n, weights, kStride, nStride, bytes)));
            return bytes.get(JAVA_LONG, 0);
        }
    }

    void gemmPack(int isa, int srcType, int weightsType, int sparsity, long k, long n, MemorySegment weights,
            long kStride, long nStride, int srcZeroPoint, MemorySegment weightsZeroPoints, MemorySegment bias,
            MemorySegment packed) {
        check("tersor_gemm_pack", call(() -> (int) GEMM_PACK.invokeExact(gemmPack, isa, srcType, weightsType, sparsity,
                k, n, weights, kStride, nStride, srcZeroPoint, weightsZeroPoints, bias, packed, packed.byteSize())));
    }

    /** @param epilogue a tersor_epilogue, see {@link NativeEpilogue} */
    void gemm(MemorySegment packed, MemorySegment epilogue, long m, long firstRow, long rows, long firstColumn,
            long columns, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst, MemorySegment scratch) {
        int status;
        try {
            status = (int) GEMM.invokeExact(gemm, packed, packed.byteSize(), epilogue, m, firstRow, rows, firstColumn,
                    columns, src, srcRowStride, srcColumnStride, residual, ldResidual, dst, ldDst, scratch,
                    scratch.byteSize());
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_gemm", status);
    }

    /**
     * @param sparsity see {@link Sparsity}
     * @param accuracy a tersor_accuracy
     * @param geometry a tersor_conv2d_geometry, see {@link NativeConv2d}
     */
    long conv2dPackedBytes(int isa, int srcType, int weightsType, int sparsity, int accuracy, MemorySegment geometry,
            boolean hasZeroPoints, MemorySegment weights) {
        int zeroPoints = hasZeroPoints ? 1 : 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check("tersor_conv2d_packed_bytes", call(() -> (int) CONV2D_PACKED_BYTES.invokeExact(conv2dPackedBytes, isa,
                    srcType, weightsType, sparsity, accuracy, geometry, zeroPoints, weights, bytes)));
            return bytes.get(JAVA_LONG, 0);
        }
    }

    /** See {@link #conv2dPackedBytes}. */
    void conv2dPack(int isa, int srcType, int weightsType, int sparsity, int accuracy, MemorySegment geometry,
            MemorySegment weights, int srcZeroPoint, MemorySegment weightsZeroPoints, MemorySegment bias,
            MemorySegment packed) {
        check("tersor_conv2d_pack", call(() -> (int) CONV2D_PACK.invokeExact(conv2dPack, isa, srcType, weightsType,
                sparsity, accuracy, geometry, weights, srcZeroPoint, weightsZeroPoints, bias, packed,
                packed.byteSize())));
    }

    /** @param epilogue a tersor_epilogue, see {@link NativeEpilogue} */
    void conv2d(MemorySegment packed, MemorySegment epilogue, long n, long h, long w, long firstLine, long lines,
            long firstChannel, long channels, MemorySegment src, MemorySegment residual, MemorySegment dst,
            MemorySegment scratch) {
        int status;
        try {
            status = (int) CONV2D.invokeExact(conv2d, packed, packed.byteSize(), epilogue, n, h, w, firstLine, lines,
                    firstChannel, channels, src, residual, dst, scratch, scratch.byteSize());
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_conv2d", status);
    }

    void quantize(int isa, int dstType, long outer, long channels, long inner, MemorySegment src, MemorySegment scale,
            MemorySegment zeroPoint, MemorySegment dst) {
        convert("tersor_quantize", quantize, isa, dstType, outer, channels, inner, src, scale, zeroPoint, dst);
    }

    void quantizeNhwc(int isa, int dstType, long images, long channels, long pixels, MemorySegment src, float scale,
            int zeroPoint, MemorySegment dst) {
        int status;
        try {
            status = (int) QUANTIZE_NHWC.invokeExact(quantizeNhwc, isa, dstType, images, channels, pixels, src, scale,
                    zeroPoint, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_quantize_nhwc", status);
    }

    void dequantize(int isa, int srcType, long outer, long channels, long inner, MemorySegment src,
            MemorySegment scale, MemorySegment zeroPoint, MemorySegment dst) {
        convert("tersor_dequantize", dequantize, isa, srcType, outer, channels, inner, src, scale, zeroPoint, dst);
    }

    private void convert(String name, MemorySegment function, int isa, int type, long outer, long channels, long inner,
            MemorySegment src, MemorySegment scale, MemorySegment zeroPoint, MemorySegment dst) {
        int status;
        try {
            status = (int) CONVERT.invokeExact(function, isa, type, outer, channels, inner, src, scale, zeroPoint,
                    dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check(name, status);
    }

    /** @param window a tersor_pool2d_window, see {@link NativeMaxPool} */
    void maxPool2d(int isa, int type, MemorySegment window, long images, long h, long w, long channels, long oh,
            long ow, long firstLine, long lines, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) MAX_POOL2D.invokeExact(maxPool2d, isa, type, window, images, h, w, channels, oh, ow,
                    firstLine, lines, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_max_pool2d", status);
    }

    void layerNorm(int isa, int dstType, boolean centered, long rows, long columns, float epsilon, MemorySegment scale,
            MemorySegment bias, int dstZeroPoint, MemorySegment src, MemorySegment dst) {
        int center = centered ? 1 : 0;
        int status;
        try {
            status = (int) LAYER_NORM.invokeExact(layerNorm, isa, dstType, center, rows, columns, epsilon, scale, bias,
                    dstZeroPoint, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_layer_norm", status);
    }

    void globalAveragePool(int isa, int type, long images, long pixels, long channels, int srcZeroPoint,
            float multiplier, int dstZeroPoint, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) GLOBAL_AVERAGE_POOL.invokeExact(globalAveragePool, isa, type, images, pixels, channels,
                    srcZeroPoint, multiplier, dstZeroPoint, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_global_average_pool", status);
    }

    void requantize(int isa, int srcType, int dstType, long outer, long channels, long inner, MemorySegment src,
            MemorySegment srcZeroPoint, MemorySegment multiplier, int dstZeroPoint, MemorySegment dst) {
        int status;
        try {
            status = (int) REQUANTIZE.invokeExact(requantize, isa, srcType, dstType, outer, channels, inner, src,
                    srcZeroPoint, multiplier, dstZeroPoint, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_requantize", status);
    }

    /** @param function a tersor_map_function, see {@link NativeMap} */
    void map(int isa, int function, float alpha, float beta, long count, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) MAP.invokeExact(map, isa, function, alpha, beta, count, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_map", status);
    }

    /** @param operation a tersor_binary_operation, see {@link NativeBinary} */
    void binary(int isa, int operation, long rows, long columns, MemorySegment a, long aRowStride, long aColumnStride,
            MemorySegment b, long bRowStride, long bColumnStride, MemorySegment dst) {
        int status;
        try {
            status = (int) BINARY.invokeExact(binary, isa, operation, rows, columns, a, aRowStride, aColumnStride, b,
                    bRowStride, bColumnStride, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_binary", status);
    }

    /** @param kind a tersor_reduction, see {@link NativeReduce} */
    void reduce(int isa, int kind, long outer, long count, long inner, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) REDUCE.invokeExact(reduce, isa, kind, outer, count, inner, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_reduce", status);
    }

    void softmax(int isa, boolean logarithm, long rows, long columns, MemorySegment src, MemorySegment dst) {
        int log = logarithm ? 1 : 0;
        int status;
        try {
            status = (int) SOFTMAX.invokeExact(softmax, isa, log, rows, columns, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_softmax", status);
    }

    void cast(int isa, int srcType, int dstType, long count, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) CAST.invokeExact(cast, isa, srcType, dstType, count, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_cast", status);
    }

    void select(int isa, int elementBytes, long rows, long columns, MemorySegment condition, long conditionRowStride,
            long conditionColumnStride, MemorySegment a, long aRowStride, long aColumnStride, MemorySegment b,
            long bRowStride, long bColumnStride, MemorySegment dst) {
        int status;
        try {
            status = (int) SELECT.invokeExact(select, isa, elementBytes, rows, columns, condition, conditionRowStride,
                    conditionColumnStride, a, aRowStride, aColumnStride, b, bRowStride, bColumnStride, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_select", status);
    }

    /**
     * @param geometry a tersor_move_geometry, see {@link NativeMove}
     * @param axis along which only some positions are moved
     */
    void move(MemorySegment geometry, int axis, long first, long count, long srcElements, MemorySegment src,
            long dstElements, MemorySegment dst) {
        int status;
        try {
            status = (int) MOVE.invokeExact(move, geometry, axis, first, count, srcElements, src, dstElements, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_move", status);
    }

    void lookup(int isa, long count, MemorySegment src, MemorySegment table, MemorySegment dst) {
        int status;
        try {
            status = (int) LOOKUP.invokeExact(lookup, isa, count, src, table, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_lookup", status);
    }

    void multiply(int isa, long rows, long columns, int aType, int aZeroPoint, long aRowStride, long aColumnStride,
            MemorySegment a, int bType, int bZeroPoint, long bRowStride, long bColumnStride, MemorySegment b,
            float multiplier, int dstType, int dstZeroPoint, MemorySegment dst) {
        int status;
        try {
            status = (int) MULTIPLY.invokeExact(multiply, isa, rows, columns, aType, aZeroPoint, aRowStride, aColumnStride,
                    a, bType, bZeroPoint, bRowStride, bColumnStride, b, multiplier, dstType, dstZeroPoint, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_multiply", status);
    }

    /** @param spec a tersor_attention_spec, see {@link NativeAttention} */
    long attentionScratchBytes(int isa, MemorySegment spec, long lengthK) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check("tersor_attention_scratch_bytes", call(() -> (int) ATTENTION_SCRATCH_BYTES.invokeExact(
                    attentionScratchBytes, isa, spec, lengthK, bytes)));
            return bytes.get(JAVA_LONG, 0);
        }
    }

    String attentionKernelName(int isa) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ADDRESS);
            check("tersor_attention_kernel_name", call(
                    () -> (int) ATTENTION_KERNEL_NAME.invokeExact(attentionKernelName, isa, name)));
            return string(name.get(ADDRESS, 0));
        }
    }

    /** @param spec a tersor_attention_spec, see {@link NativeAttention} */
    void attention(int isa, MemorySegment spec, long n, long lengthQ, long lengthK, long firstHead, long count,
            MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment mask, long maskImage, long maskHead,
            long maskRow, MemorySegment dst, MemorySegment scratch) {
        int status;
        try {
            status = (int) ATTENTION.invokeExact(attention, isa, spec, n, lengthQ, lengthK, firstHead, count, q, k, v,
                    mask, maskImage, maskHead, maskRow, dst, scratch, scratch.byteSize());
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_attention", status);
    }
}
