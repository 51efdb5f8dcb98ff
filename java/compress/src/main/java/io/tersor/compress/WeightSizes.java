package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.model.Graph;
import io.tersor.quant.QuantParams;
import io.tersor.quant.QuantizedTensor;
import io.tersor.quant.Quantizer;
import io.tersor.sparse.SparseFormat;
import io.tersor.sparse.SparseTensor;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The bytes that all constant weights of a network's products take, s8 ones with a scale of 4 bytes for each output.
 *
 * @param type f32 or s8 values
 * @param dense without a format
 * @param sparse in each format: those weights that are marked or whose zeros show a format are stored in it, as {@link
 *     SparseTensor#byteSize()} counts, the others dense. A format that some of them do not fit is left out
 * @param own each of those weights in the format that it is marked with, or otherwise shows
 */
public record WeightSizes(DataType type, long dense, Map<SparseFormat, Long> sparse, long own) {
    /** The formats whose bytes are counted. */
    public static final List<SparseFormat> FORMATS = List.of(SparseFormat.CSR, SparseFormat.BITMASK,
            SparseFormat.block(1, 4), SparseFormat.block(4, 1), SparseFormat.block(16, 4), SparseFormat.block(32, 4),
            SparseFormat.block(16, 64), SparseFormat.nOfM(2, 4));

    /**
     * Returns the sizes for a graph of f32 or s8 weights.
     *
     * @param type f32, for f32 weights only; or s8, f32 weights are then quantized for each output
     * @throws CompressException if f32 is asked for and there are s8 weights
     */
    public static WeightSizes of(Graph graph, DataType type) {
        long dense = 0;
        long own = 0;
        Map<SparseFormat, Long> sparse = new LinkedHashMap<>();
        FORMATS.forEach(format -> sparse.put(format, 0L));
        for (WeightLayer layer : WeightLayer.of(graph)) {
            try (Arena arena = Arena.ofConfined()) {
                Stored stored = Stored.of(layer, type, arena);
                SparsityReport.Layer report = SparsityReport.of(graph, layer);
                Optional<SparseFormat> format = report.marked().or(() -> report.detected(type));
                dense += stored.dense();
                own += format.map(stored::in).orElseGet(() -> Optional.of(stored.dense())).orElse(stored.dense());
                sparse.replaceAll((other, bytes) -> add(bytes, format.isEmpty() ? Optional.of(stored.dense())
                        : stored.in(other)));
            }
        }
        sparse.values().removeIf(bytes -> bytes < 0);
        return new WeightSizes(type, dense, sparse, own);
    }

    /** Adds bytes; -1 stands for a format that does not fit. */
    private static long add(long before, Optional<Long> bytes) {
        return before < 0 || bytes.isEmpty() ? -1 : before + bytes.get();
    }

    /** Weights as [outputs, inputs] or [oc, ic / groups, taps, 1]; s8 ones have parameters. */
    private record Stored(Tensor values, Optional<QuantParams> params, Arena arena) {
        static Stored of(WeightLayer layer, DataType type, Arena arena) {
            Tensor own = layer.values();
            Tensor dense = layer.node().opType().contains("Conv")
                    ? own.reshape(Shape.of(layer.outputs(), layer.inputs(), layer.taps(), 1))
                    : own.permute(layer.axes()).copy(arena);
            if (type == DataType.F32 && own.type() == DataType.F32) {
                return new Stored(dense, Optional.empty(), arena);
            }
            if (type != DataType.S8) {
                throw new CompressException("weights " + layer.weights() + ": expected f32 to count as " + type
                        + ", got " + own.type());
            }
            // Of weights that are s8 already only the number of scales counts.
            float[] scales = new float[layer.outputs()];
            Arrays.fill(scales, 1);
            QuantizedTensor quantized = own.type() == DataType.F32
                    ? Quantizer.symmetric(DataType.S8).perChannel(0).quantize(dense, arena)
                    : new QuantizedTensor(dense, QuantParams.perChannel(0, scales));
            return new Stored(quantized.values(), Optional.of(quantized.params()), arena);
        }

        long dense() {
            return values.byteSize() + params.map(QuantParams::count).orElse(0) * (long) Float.BYTES;
        }

        /** Returns the bytes in a format, if the zeros fit it. */
        Optional<Long> in(SparseFormat format) {
            try {
                SparseTensor tensor = params.isEmpty() ? SparseTensor.fromDense(format, values, arena)
                        : SparseTensor.fromDense(format, new QuantizedTensor(values, params.get()), arena);
                return Optional.of(tensor.byteSize());
            } catch (OperandException notNOfM) {
                return Optional.empty();
            }
        }
    }
}
