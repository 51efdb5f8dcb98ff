package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.ffm.NativeLibrary;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Functions of tersor.h on elements: conversions, maps, broadcasting, reductions, pooling, moves. */
final class LibtersorElements extends Downcalls {
    /** TERSOR_INVALID_ARGUMENT. */
    private static final int INVALID_ARGUMENT = 3;

    private static final MethodHandle CONVERT = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle QUANTIZE_NHWC = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            JAVA_FLOAT, JAVA_INT, ADDRESS);
    private static final MethodHandle POOL2D = handle(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_FLOAT, JAVA_INT, ADDRESS,
            ADDRESS);
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
    private static final MethodHandle INTEGER = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS,
            JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle INTERPOLATE = handle(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle REDUCE = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS,
            ADDRESS);
    private static final MethodHandle RECURRENT = handle(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS,
            JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle FIXED_POINT = handle(JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS);
    private static final MethodHandle FROM_FIXED_POINT = handle(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);
    private static final MethodHandle EXTREMES = handle(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle CUMULATE = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            ADDRESS, ADDRESS);
    private static final MethodHandle SOFTMAX = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle CAST = handle(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    private static final MethodHandle SELECT = handle(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    private static final MethodHandle MOVE = handle(JAVA_INT, ADDRESS, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG,
            ADDRESS,
            JAVA_LONG, ADDRESS);
    private static final MethodHandle MULTIPLY = handle(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG,
            JAVA_LONG, ADDRESS, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_FLOAT, JAVA_INT, JAVA_INT, ADDRESS);
    private static final MethodHandle LOOKUP = handle(JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS);

    private final MemorySegment quantize;
    private final MemorySegment quantizeNhwc;
    private final MemorySegment dequantize;
    private final MemorySegment requantize;
    private final MemorySegment layerNorm;
    private final MemorySegment pool2d;
    private final MemorySegment globalAveragePool;
    private final MemorySegment map;
    private final MemorySegment binary;
    private final MemorySegment integer;
    private final MemorySegment reduce;
    private final MemorySegment recurrentStep;
    private final MemorySegment recurrentReset;
    private final MemorySegment extremes;
    private final MemorySegment fixedPoint;
    private final MemorySegment fromFixedPoint;
    private final MemorySegment cumulate;
    private final MemorySegment softmax;
    private final MemorySegment cast;
    private final MemorySegment select;
    private final MemorySegment interpolate;
    private final MemorySegment move;
    private final MemorySegment lookup;
    private final MemorySegment multiply;

    LibtersorElements(NativeLibrary library) {
        super(library);
        this.quantize = library.require("tersor_quantize");
        this.quantizeNhwc = library.require("tersor_quantize_nhwc");
        this.dequantize = library.require("tersor_dequantize");
        this.requantize = library.require("tersor_requantize");
        this.layerNorm = library.require("tersor_layer_norm");
        this.pool2d = library.require("tersor_pool2d");
        this.globalAveragePool = library.require("tersor_global_average_pool");
        this.map = library.require("tersor_map");
        this.binary = library.require("tersor_binary");
        this.integer = library.require("tersor_integer");
        this.reduce = library.require("tersor_reduce");
        this.recurrentStep = library.require("tersor_recurrent_step");
        this.recurrentReset = library.require("tersor_recurrent_reset");
        this.extremes = library.require("tersor_extremes");
        this.fixedPoint = library.require("tersor_fixed_point");
        this.fromFixedPoint = library.require("tersor_from_fixed_point");
        this.cumulate = library.require("tersor_cumulate");
        this.softmax = library.require("tersor_softmax");
        this.cast = library.require("tersor_cast");
        this.select = library.require("tersor_select");
        this.interpolate = library.require("tersor_interpolate");
        this.move = library.require("tersor_move");
        this.lookup = library.require("tersor_lookup");
        this.multiply = library.require("tersor_multiply");
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

    /**
     * @param kind a tersor_pooling
     * @param window a tersor_pool2d_window, see {@link NativePool2d}
     */
    void pool2d(int isa, int kind, int type, MemorySegment window, long images, long h, long w, long channels, long oh,
            long ow, long firstLine, long lines, int srcZeroPoint, float multiplier, int dstZeroPoint,
            MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) POOL2D.invokeExact(pool2d, isa, kind, type, window, images, h, w, channels, oh, ow,
                    firstLine, lines, srcZeroPoint, multiplier, dstZeroPoint, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_pool2d", status);
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

    /** @param operation a tersor_binary_operation, see {@link NativeFloats} */
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

    /** @param operation a tersor_integer_operation, see {@link NativeIntegers} */
    void integer(int isa, int operation, int type, long rows, long columns, MemorySegment a, long aRowStride,
            long aColumnStride, MemorySegment b, long bRowStride, long bColumnStride, MemorySegment dst) {
        int status;
        try {
            status = (int) INTEGER.invokeExact(integer, isa, operation, type, rows, columns, a, aRowStride,
                    aColumnStride, b, bRowStride, bColumnStride, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_integer", status);
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

    /** @param cell a tersor_recurrent_cell, see {@link NativeRecurrentCell} */
    void recurrentStep(int isa, MemorySegment cell, MemorySegment x, long xAt, MemorySegment r, long rAt,
            MemorySegment h, MemorySegment c, long at) {
        int status;
        try {
            status = (int) RECURRENT.invokeExact(recurrentStep, isa, cell, x, xAt, r, rAt, h, c, at);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_recurrent_step", status);
    }

    /** See {@link #recurrentStep}. */
    void recurrentReset(int isa, MemorySegment cell, MemorySegment x, long xAt, MemorySegment r, long rAt,
            MemorySegment h, MemorySegment scaled, long at) {
        int status;
        try {
            status = (int) RECURRENT.invokeExact(recurrentReset, isa, cell, x, xAt, r, rAt, h, scaled, at);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_recurrent_reset", status);
    }

    void extremes(int isa, long count, MemorySegment src, MemorySegment range) {
        int status;
        try {
            status = (int) EXTREMES.invokeExact(extremes, isa, count, src, range);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_extremes", status);
    }

    void fixedPoint(int isa, long rows, long columns, MemorySegment src, MemorySegment levels, MemorySegment units) {
        int status;
        try {
            status = (int) FIXED_POINT.invokeExact(fixedPoint, isa, rows, columns, src, levels, units);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_fixed_point", status);
    }

    void fromFixedPoint(int isa, long rows, long columns, long firstRow, long count, MemorySegment sums,
            MemorySegment units, MemorySegment columnSums, MemorySegment scales, MemorySegment bias, MemorySegment dst,
            long ldDst) {
        int status;
        try {
            status = (int) FROM_FIXED_POINT.invokeExact(fromFixedPoint, isa, rows, columns, firstRow, count, sums,
                    units, columnSums, scales, bias, dst, ldDst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_from_fixed_point", status);
    }

    void cumulate(int isa, boolean exclusive, boolean reverse, long outer, long count, long inner, MemorySegment src,
            MemorySegment dst) {
        int before = exclusive ? 1 : 0;
        int backwards = reverse ? 1 : 0;
        int status;
        try {
            status = (int) CUMULATE.invokeExact(cumulate, isa, before, backwards, outer, count, inner, src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        check("tersor_cumulate", status);
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

    /** Returns whether all indices are below the extent; there is no result otherwise. */
    boolean interpolate(int isa, long outer, long extent, long inner, long count, long taps, MemorySegment index,
            MemorySegment weights, MemorySegment src, MemorySegment dst) {
        int status;
        try {
            status = (int) INTERPOLATE.invokeExact(interpolate, isa, outer, extent, inner, count, taps, index, weights,
                    src, dst);
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
        if (status == INVALID_ARGUMENT) {
            return false;
        }
        check("tersor_interpolate", status);
        return true;
    }

    /**
     * @param geometry a tersor_move_geometry, see {@link NativeMove}
     * @param axis along which only some positions are moved
     */
    void move(int isa, MemorySegment geometry, int axis, long first, long count, long srcElements, MemorySegment src,
            long dstElements, MemorySegment dst) {
        int status;
        try {
            status = (int) MOVE.invokeExact(move, isa, geometry, axis, first, count, srcElements, src, dstElements,
                    dst);
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
}
