package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.FLOATS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.Backend;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Normalization row by row. */
final class VectorLayerNorm extends LayerNorm {
    /** Rows of about so many elements are worth a part of their own. */
    private static final int PART_ELEMENTS = 16 * Chunk.LENGTH;

    private final ScratchPool pool;
    // Readable up to a whole vector behind the last column.
    private final float[] scale;
    private final float[] bias;
    private final float lo;
    private final float hi;

    VectorLayerNorm(LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.scale = Arrays.copyOf(scale.toFloats(), spec.columns() + F);
        this.bias = Arrays.copyOf(bias.map(Tensor::toFloats).orElse(new float[0]), spec.columns() + F);
        int zeroPoint = spec.dstParams().zeroPoint();
        this.lo = Chunk.bound(Float.NEGATIVE_INFINITY, spec.dst(), 1, zeroPoint);
        this.hi = Chunk.bound(Float.POSITIVE_INFINITY, spec.dst(), 1, zeroPoint);
    }

    @Override
    protected String kernelName() {
        return spec().name() + "__" + Lanes.BITS;
    }

    @Override
    protected void execute(long rows, MemorySegment src, MemorySegment dst) {
        if (parallelism().threads() == 1) {
            rows(0, rows, src, dst);
            return;
        }
        long length = Math.ceilDiv(PART_ELEMENTS, spec().columns());
        parallelism().run(Math.ceilDiv(rows, length),
                part -> rows(part * length, Math.min(rows, (part + 1) * length), src, dst));
    }

    private void rows(long first, long end, MemorySegment src, MemorySegment dst) {
        int columns = spec().columns();
        Scratch scratch = pool.take();
        scratch.growSums(columns + F);
        float[] x = scratch.sums;
        for (long row = first; row < end; row++) {
            Runs.load(DataType.F32, src, row * columns, 0, x, 0, columns);
            float mean = spec().centered() ? sum(x, columns) / columns : 0;
            if (spec().centered()) {
                subtract(x, columns, mean);
            }
            float factor = (float) (1 / Math.sqrt((double) squares(x, columns) / columns + spec().epsilon()));
            scale(x, columns, factor, scale, bias);
            if (spec().dst() == DataType.F32) {
                MemorySegment.copy(x, 0, dst, JAVA_FLOAT, row * columns * Float.BYTES, columns);
            } else {
                multiply(x, columns, spec().outputScale());
                Chunk.storeBytes(x, 0, columns, scratch.ints, lo, hi, spec().dstParams().zeroPoint(), dst,
                        row * columns);
            }
        }
        pool.give(scratch);
    }

    private static float sum(float[] x, int count) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= count - 2 * F; i += 2 * F) {
            a = a.add(FloatVector.fromArray(FLOATS, x, i));
            b = b.add(FloatVector.fromArray(FLOATS, x, i + F));
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += x[i];
        }
        return sum;
    }

    private static float squares(float[] x, int count) {
        FloatVector a = FloatVector.zero(FLOATS);
        FloatVector b = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= count - 2 * F; i += 2 * F) {
            FloatVector u = FloatVector.fromArray(FLOATS, x, i);
            FloatVector v = FloatVector.fromArray(FLOATS, x, i + F);
            a = u.fma(u, a);
            b = v.fma(v, b);
        }
        float sum = a.add(b).reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += x[i] * x[i];
        }
        return sum;
    }

    private static void subtract(float[] x, int count, float mean) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).sub(mean).intoArray(x, i);
        }
    }

    private static void scale(float[] x, int count, float factor, float[] scale, float[] bias) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).mul(factor).mul(FloatVector.fromArray(FLOATS, scale, i))
                    .add(FloatVector.fromArray(FLOATS, bias, i)).intoArray(x, i);
        }
    }

    private static void multiply(float[] x, int count, float factor) {
        for (int i = 0; i < count; i += F) {
            FloatVector.fromArray(FLOATS, x, i).mul(factor).intoArray(x, i);
        }
    }
}
