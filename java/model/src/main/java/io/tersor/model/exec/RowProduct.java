package io.tersor.model.exec;

import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.MatMul;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A product of rows with fixed weights, whose result is f32; where there is a quantizer, by way of integers.
 *
 * @param matMul from the source's type to f32, or from levels to sums
 */
record RowProduct(Pending<MatMul> matMul, Optional<Quantizer> quantizer) {
    private static final long PARAMETERS = 2;

    /** What makes integers of the source and f32 of the sums. */
    record Quantizer(DynamicQuantizerSpec spec, Pending<DynamicQuantizer> kernel) {}

    /** A product with the memory for so many rows. */
    record Bound(MatMul matMul, DynamicQuantizer quantizer, Tensor levels, Tensor sums, Tensor parameters) {
        void run(Tensor src, Tensor dst) {
            if (quantizer == null) {
                matMul.run(src, dst);
            } else {
                quantizer.quantize(src, levels, parameters);
                matMul.run(levels, sums);
                quantizer.dequantize(sums, parameters, dst);
            }
        }
    }

    /** Returns the bytes that a run of so many rows works in. */
    long workBytes(long rows) {
        return quantizer.map(Quantizer::spec).map(spec -> sumsAt(spec, rows) + sumsBytes(spec, rows)
                + DataType.F32.bytes(PARAMETERS * rows)).orElse(0L);
    }

    private static long sumsAt(DynamicQuantizerSpec spec, long rows) {
        return aligned(rows * spec.levels().planes() * spec.k());
    }

    private static long sumsBytes(DynamicQuantizerSpec spec, long rows) {
        return aligned(DataType.S32.bytes(rows * spec.levels().planes() * spec.n()));
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, (long) Tensor.ALIGNMENT_BYTES) * Tensor.ALIGNMENT_BYTES;
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
        DynamicQuantizerSpec spec = quantizer.get().spec();
        long levelRows = rows * spec.levels().planes();
        long sumsAt = sumsAt(spec, rows);
        MemorySegment memory = work.data();
        return new Bound(matMul.get(), quantizer.get().kernel().get(),
                Tensor.wrap(memory, DataType.U8, Shape.of(levelRows, spec.k())),
                Tensor.wrap(memory.asSlice(sumsAt), DataType.S32, Shape.of(levelRows, spec.n())),
                Tensor.wrap(memory.asSlice(sumsAt + sumsBytes(spec, rows)), DataType.F32, Shape.of(rows, PARAMETERS)));
    }

    String describe() {
        return matMul.get().describe() + quantizer.map(given -> " + " + given.kernel().get().describe()).orElse("");
    }
}
