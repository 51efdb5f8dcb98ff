package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.quant.Quantizer;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared quantization of what an integer product reads and writes, see {@link DynamicQuantizerSpec}. */
public abstract non-sealed class DynamicQuantizer extends Kernel {
    /** Bits of a fixed-point number's magnitude. */
    private static final int FIXED_BITS = 22;

    /** What is added to a fixed-point number, so that it is not negative. */
    protected static final int FIXED_OFFSET = 1 << FIXED_BITS;

    /** {@link #FIXED_OFFSET} in the highest plane. */
    protected static final int HIGH_OFFSET = FIXED_OFFSET >> 16;

    private static final float SMALLEST = 0x1p-100f;

    private final DynamicQuantizerSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected DynamicQuantizer(DynamicQuantizerSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final DynamicQuantizerSpec spec() {
        return spec;
    }

    /**
     * Computes levels from src. Allocates nothing; safe from many threads at once with different results. All tensors
     * are contiguous matrices that do not overlap.
     *
     * @param src f32 [m, k]
     * @param levels u8 [planes * m, k]
     * @param params written: f32 [1, 2], scale and zero point; for fixed point [m, 2], unit and 0 of each row
     * @throws OperandException if type, shape or strides do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void quantize(Tensor src, Tensor levels, Tensor params) {
        checkOpen();
        long m = check("src", src, DataType.F32, spec.k());
        checkRows("levels", check("levels", levels, DataType.U8, spec.k()), m * spec.levels().planes(), levels);
        checkRows("params", check("params", params, DataType.F32, 2), spec.levels() == Levels.BYTES ? 1 : m, params);
        if (m > 0) {
            quantize(m, src.data(), levels.data(), params.data());
        }
    }

    /**
     * Computes dst from sums of fixed-point levels, as {@link #quantize} does.
     *
     * @param sums s32 [planes * m, n]
     * @param params f32 [m, 2], from {@link #quantize}
     * @param dst f32 [m, n]; rows may be apart
     */
    public final void dequantize(Tensor sums, Tensor params, Tensor dst) {
        checkOpen();
        OperandException.check(spec.levels() == Levels.FIXED_POINT, "levels", "fixed point", spec.levels());
        long m = check("params", params, DataType.F32, 2);
        checkRows("sums", check("sums", sums, DataType.S32, spec.n()), m * spec.levels().planes(), sums);
        boolean fits = dst.type() == DataType.F32 && dst.shape().rank() == 2 && dst.shape().dim(0) == m
                && dst.shape().dim(1) == spec.n() && (spec.n() == 1 || dst.stride(1) == 1)
                && (m <= 1 || dst.stride(0) >= spec.n());
        if (!fits) {
            throw new OperandException("dst", "f32 [" + m + ", " + spec.n() + "] with rows of unit stride", dst);
        }
        if (m > 0) {
            dequantize(m, sums.data(), params.data(), dst.data(), m == 1 ? spec.n() : dst.stride(0));
        }
    }

    private static long check(String operand, Tensor tensor, DataType type, long columns) {
        if (tensor.type() != type || tensor.shape().rank() != 2 || tensor.shape().dim(1) != columns
                || !tensor.isContiguous()) {
            throw new OperandException(operand, type + " contiguous [rows, " + columns + "]", tensor);
        }
        return tensor.shape().dim(0);
    }

    private static void checkRows(String operand, long rows, long expected, Tensor tensor) {
        if (rows != expected) {
            throw new OperandException(operand, expected + " rows", tensor);
        }
    }

    /** Computes levels and parameters, of bytes one pair, of m &gt; 0 rows; the arguments are checked. */
    protected abstract void quantize(long m, MemorySegment src, MemorySegment levels, MemorySegment params);

    /**
     * Computes m &gt; 0 rows of dst from fixed-point levels; the arguments are checked.
     *
     * @param ldDst elements between two rows of dst, at least n
     */
    protected abstract void dequantize(long m, MemorySegment sums, MemorySegment params, MemorySegment dst, long ldDst);

    /** Returns the scale of bytes for the extremes of all elements and 0. */
    protected static float scale(float lo, float hi) {
        float scale = (hi - lo) / 255f;
        return scale == 0 ? 1f : scale;
    }

    /** Returns the zero point of bytes, 0 for a scale that is NaN. */
    protected static int zeroPoint(float lo, float scale) {
        return Quantizer.saturate((0 - lo) / scale, 0, DataType.U8, Rounding.HALF_EVEN);
    }

    /** Returns the unit of a row of fixed-point numbers for its largest magnitude, which may be NaN. */
    protected static float unit(float magnitude) {
        if (magnitude < SMALLEST) {
            return 0f;
        }
        return magnitude <= Float.MAX_VALUE ? Math.scalb(1f, Math.getExponent(magnitude) + 1 - FIXED_BITS) : Float.NaN;
    }

    /** Returns what elements are multiplied by, exactly one divided by the unit; 0 where all elements count as 0. */
    protected static float inverse(float unit) {
        return unit > 0 ? 1f / unit : 0f;
    }
}
