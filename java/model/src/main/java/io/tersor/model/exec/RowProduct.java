package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.MatMul;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A product of rows with fixed weights, whose result is f32; where there is a quantizer, by way of integers.
 *
 * @param matMul from the source's type to f32, or from levels to sums
 */
record RowProduct(Pending<MatMul> matMul, Optional<Quantizer> quantizer) {
    private static final long PARAMETERS = 2;

    /**
     * What makes integers of the source, and of fixed-point ones f32 of the sums.
     *
     * @param n columns of the product
     */
    record Quantizer(DynamicQuantizerSpec spec, int n, Supplier<DynamicQuantizer> kernel) {
        private boolean sums() {
            return spec.levels() == Levels.FIXED_POINT;
        }

        private long sumsAt(long rows) {
            return aligned(rows * spec.levels().planes() * spec.k());
        }

        private long parametersAt(long rows) {
            return sumsAt(rows) + (sums() ? aligned(DataType.S32.bytes(rows * spec.levels().planes() * n)) : 0);
        }

        private long parameterRows(long rows) {
            return sums() ? rows : 1;
        }

        private static long aligned(long bytes) {
            return Math.ceilDiv(bytes, (long) Tensor.ALIGNMENT_BYTES) * Tensor.ALIGNMENT_BYTES;
        }
    }

    /** A product with the memory for so many rows; sums are null where the product makes f32 itself. */
    record Bound(MatMul matMul, DynamicQuantizer quantizer, Tensor levels, Tensor sums, Tensor parameters) {
        void run(Tensor src, Tensor dst) {
            if (quantizer == null) {
                matMul.run(src, dst);
            } else if (sums == null) {
                quantizer.quantize(src, levels, parameters);
                matMul.run(levels, parameters.data().get(JAVA_FLOAT, 0),
                        (int) parameters.data().get(JAVA_FLOAT, JAVA_FLOAT.byteSize()), dst);
            } else {
                quantizer.quantize(src, levels, parameters);
                matMul.run(levels, sums);
                quantizer.dequantize(sums, parameters, dst);
            }
        }
    }

    /** Returns the bytes that a run of so many rows works in. */
    long workBytes(long rows) {
        return quantizer.map(q -> q.parametersAt(rows) + DataType.F32.bytes(PARAMETERS * q.parameterRows(rows)))
                .orElse(0L);
    }

    /**
     * Returns this product for so many rows.
     *
     * @param work at least {@link #workBytes}, or null if those are none
     */
    Bound bind(Tensor work, long rows) {
        if (quantizer.isEmpty()) {
            return new Bound(matMul.get(), null, null, null, null);
        }
        Quantizer given = quantizer.get();
        long levelRows = rows * given.spec.levels().planes();
        MemorySegment memory = work.data();
        return new Bound(matMul.get(), given.kernel.get(),
                Tensor.wrap(memory, DataType.U8, Shape.of(levelRows, given.spec.k())),
                given.sums() ? Tensor.wrap(memory.asSlice(given.sumsAt(rows)), DataType.S32,
                        Shape.of(levelRows, given.n)) : null,
                Tensor.wrap(memory.asSlice(given.parametersAt(rows)), DataType.F32,
                        Shape.of(given.parameterRows(rows), PARAMETERS)));
    }

    String describe() {
        return matMul.get().describe() + quantizer.map(given -> " + " + given.kernel().get().describe()).orElse("");
    }
}
