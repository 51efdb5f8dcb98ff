package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.ffm.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Multiplications, convolutions and attention of tersor.h. */
final class LibtersorProducts extends Downcalls {
    private static final MethodHandle OF_PACKED = handle(ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle GEMM_PACKED_BYTES = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle GEMM_PACK = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG,
            ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle GEMM = handle(ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_INT, JAVA_INT, ADDRESS,
            JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG);
    private static final MethodHandle CONV2D_PACKED_BYTES = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
            ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    private static final MethodHandle CONV2D_PACK = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
            ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle CONV2D = handle(ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle ATTENTION_SCRATCH_BYTES = handle(JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS);
    private static final MethodHandle ATTENTION = handle(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle ATTENTION_KERNEL_NAME = handle(JAVA_INT, ADDRESS, ADDRESS);

    private final MemorySegment packedKernelName;
    private final MemorySegment packedScratchBytes;
    private final MemorySegment gemmPackedBytes;
    private final MemorySegment gemmPack;
    private final MemorySegment gemm;
    private final MemorySegment conv2dPackedBytes;
    private final MemorySegment conv2dPack;
    private final MemorySegment conv2d;
    private final MemorySegment attentionScratchBytes;
    private final MemorySegment attention;
    private final MemorySegment attentionKernelName;

    LibtersorProducts(NativeLibrary library) {
        super(library);
        this.packedKernelName = library.require("tersor_packed_kernel_name");
        this.packedScratchBytes = library.require("tersor_packed_scratch_bytes");
        this.gemmPackedBytes = library.require("tersor_gemm_packed_bytes");
        this.gemmPack = library.require("tersor_gemm_pack");
        this.gemm = library.require("tersor_gemm");
        this.conv2dPackedBytes = library.require("tersor_conv2d_packed_bytes");
        this.conv2dPack = library.require("tersor_conv2d_pack");
        this.conv2d = library.require("tersor_conv2d");
        this.attentionScratchBytes = library.require("tersor_attention_scratch_bytes");
        this.attention = library.require("tersor_attention");
        this.attentionKernelName = library.require("tersor_attention_kernel_name");
    }

    String packedKernelName(MemorySegment packed) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ADDRESS);
            check("tersor_packed_kernel_name", call(
                    () -> (int) OF_PACKED.invokeExact(packedKernelName, packed, packed.byteSize(), name)));
            return string(name.get(ADDRESS, 0));
        }
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
            long columns, MemorySegment src, long srcRowStride, long srcColumnStride, float srcScale, int srcZeroPoint,
            boolean backwards, MemorySegment residual, long ldResidual, MemorySegment dst, long ldDst,
            MemorySegment scratch) {
        int walk = backwards ? 1 : 0;
        int status;
        try {
            status = (int) GEMM.invokeExact(gemm, packed, packed.byteSize(), epilogue, m, firstRow, rows, firstColumn,
                    columns, src, srcRowStride, srcColumnStride, srcScale, srcZeroPoint, walk, residual, ldResidual,
                    dst, ldDst, scratch, scratch.byteSize());
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

    /** @param spec a tersor_attention_spec, see {@link NativeAttention} */
    long attentionScratchBytes(int isa, MemorySegment spec, long lengthK) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check("tersor_attention_scratch_bytes", call(() -> (int) ATTENTION_SCRATCH_BYTES.invokeExact(
                    attentionScratchBytes, isa, spec, lengthK, bytes)));
            return bytes.get(JAVA_LONG, 0);
        }
    }

    /** @param spec a tersor_attention_spec, see {@link NativeAttention} */
    String attentionKernelName(int isa, MemorySegment spec) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(ADDRESS);
            check("tersor_attention_kernel_name", call(
                    () -> (int) ATTENTION_KERNEL_NAME.invokeExact(attentionKernelName, isa, spec, name)));
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
