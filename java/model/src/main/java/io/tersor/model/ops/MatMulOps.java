package io.tersor.model.ops;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.model.Node;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Map;

/** Matrix products of two operands that may both change from run to run; constant weights run as kernels instead. */
final class MatMulOps {
    private MatMulOps() {}

    static void register(Map<String, Operator> table) {
        table.put("MatMul", MatMulOps::matMul);
        table.put("MatMulInteger", MatMulOps::matMulInteger);
        table.put("QLinearMatMul", MatMulOps::qlinearMatMul);
        table.put("Gemm", MatMulOps::gemm);
        table.put(Node.INTERNAL + ".MatMul", context -> kernelOnly(context, context.type(0), 1));
        table.put(Node.INTERNAL + ".QMatMul", context -> kernelOnly(context,
                context.has(7) ? context.type(7) : DataType.F32, 3));
    }

    /** Where the matrices of one product of the batch start. */
    private record Batch(Shape out, long m, long k, long n, BroadcastLoop loop) {}

    private static Batch batch(OpContext context, int bInput) {
        Shape a = context.shape(0);
        Shape b = context.shape(bInput);
        context.check(a.rank() >= 1, 0, "at least one axis");
        context.check(b.rank() >= 1, bInput, "at least one axis");
        // A vector counts as a row on the left and as a column on the right; the added axis goes again afterwards.
        Shape left = a.rank() == 1 ? Shape.of(1, a.dim(0)) : a;
        Shape right = b.rank() == 1 ? Shape.of(b.dim(0), 1) : b;
        context.check(left.dim(-1) == right.dim(-2), bInput, left.dim(-1) + " rows");
        Shape leftBatch = Shape.of(Arrays.copyOf(left.dims(), left.rank() - 2));
        Shape rightBatch = Shape.of(Arrays.copyOf(right.dims(), right.rank() - 2));
        Shape batches = Shapes.broadcast(context, leftBatch, rightBatch);
        long m = left.dim(-2);
        long n = right.dim(-1);
        long[] dims = Arrays.copyOf(batches.dims(), batches.rank() + 2);
        dims[batches.rank()] = m;
        dims[batches.rank() + 1] = n;
        if (b.rank() == 1) {
            dims = Arrays.copyOf(dims, dims.length - 1);
        }
        if (a.rank() == 1) {
            int row = batches.rank();
            long[] less = new long[dims.length - 1];
            System.arraycopy(dims, 0, less, 0, row);
            System.arraycopy(dims, row + 1, less, row, less.length - row);
            dims = less;
        }
        return new Batch(Shape.of(dims), m, left.dim(-1), n, new BroadcastLoop(batches, leftBatch, rightBatch));
    }

    private interface Product {
        void run(long a, long b, long out);
    }

    private static void forEach(Batch batch, Product product) {
        batch.loop.run((at, from, step, count) -> {
            for (long i = 0; i < count; i++) {
                product.run((from[0] + i * step[0]) * batch.m * batch.k, (from[1] + i * step[1]) * batch.k * batch.n,
                        (at + i) * batch.m * batch.n);
            }
        });
    }

    private static Computation kernelOnly(OpContext context, DataType type, int bInput) {
        Shape b = context.shape(bInput);
        boolean transposed = context.attributes().integer("transB", 0) != 0;
        context.check(b.rank() == 2, bInput, "rank 2");
        long n = transposed ? b.dim(0) : b.dim(1);
        long k = transposed ? b.dim(1) : b.dim(0);
        context.check(context.shape(0).rank() >= 1 && context.shape(0).dim(-1) == k, 0, "[..., " + k + "]");
        return Computation.kernelOnly(new TensorType(type, context.shape(0).with(-1, n)));
    }

    private static Computation matMul(OpContext context) {
        DataType type = context.type(0);
        context.check(context.type(1) == type, 1, "type " + type);
        Batch batch = batch(context, 1);
        TensorType output = new TensorType(type, batch.out);
        if (type == DataType.F32) {
            return Computation.of(output, (in, out) -> forEach(batch, (a, b, c) -> floats(batch, in[0].data(), a,
                    in[1].data(), b, out[0].data(), c)));
        }
        if (type.isFloating()) {
            return Computation.of(output, (in, out) -> {
                double[] left = Elements.doubles(in[0]);
                double[] right = Elements.doubles(in[1]);
                forEach(batch, (a, b, c) -> reals(batch, left, (int) a, right, (int) b,
                        (index, sum) -> out[0].set(c + index, sum)));
            });
        }
        return Computation.of(output, (in, out) -> {
            long[] left = in[0].toLongs();
            long[] right = in[1].toLongs();
            forEach(batch, (a, b, c) -> integers(batch, left, (int) a, right, (int) b,
                    (index, sum) -> out[0].setLong(c + index, sum)));
        });
    }

    /** Row by row, so that the inner loop runs over contiguous columns and can be vectorized. */
    private static void floats(Batch batch, MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment c,
            long cAt) {
        float[] row = new float[Math.toIntExact(batch.n)];
        for (long i = 0; i < batch.m; i++) {
            Arrays.fill(row, 0f);
            for (long k = 0; k < batch.k; k++) {
                float factor = a.getAtIndex(JAVA_FLOAT, aAt + i * batch.k + k);
                long from = bAt + k * batch.n;
                for (int j = 0; j < row.length; j++) {
                    row[j] += factor * b.getAtIndex(JAVA_FLOAT, from + j);
                }
            }
            MemorySegment.copy(row, 0, c, JAVA_FLOAT, (cAt + i * batch.n) * Float.BYTES, row.length);
        }
    }

    private interface RealSink {
        void store(long index, double sum);
    }

    private static void reals(Batch batch, double[] a, int aAt, double[] b, int bAt, RealSink sink) {
        for (int i = 0; i < batch.m; i++) {
            for (int j = 0; j < batch.n; j++) {
                double sum = 0;
                for (int k = 0; k < batch.k; k++) {
                    sum += a[(int) (aAt + i * batch.k + k)] * b[(int) (bAt + k * batch.n + j)];
                }
                sink.store(i * batch.n + j, sum);
            }
        }
    }

    private interface IntegerSink {
        void store(long index, long sum);
    }

    private static void integers(Batch batch, long[] a, int aAt, long[] b, int bAt, IntegerSink sink) {
        for (int i = 0; i < batch.m; i++) {
            for (int j = 0; j < batch.n; j++) {
                long sum = 0;
                for (int k = 0; k < batch.k; k++) {
                    sum += a[(int) (aAt + i * batch.k + k)] * b[(int) (bAt + k * batch.n + j)];
                }
                sink.store(i * batch.n + j, sum);
            }
        }
    }

    /** Returns values minus zero points: one for all, one for each row, or one for each column. */
    private static long[] shifted(Tensor values, Tensor[] inputs, int input, boolean rows) {
        long[] shifted = values.toLongs();
        if (!Elements.given(inputs, input)) {
            return shifted;
        }
        Tensor zeroPoints = inputs[input];
        int columns = (int) values.shape().dim(-1);
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] -= zeroPoints.getLong(line(zeroPoints, values, i, columns, rows));
        }
        return shifted;
    }

    /** Returns which quantization parameter serves an element: they come as one, a vector, or with the batch's axes. */
    private static long line(Tensor params, Tensor values, int index, int columns, boolean rows) {
        long count = params.shape().elements();
        if (count == 1) {
            return 0;
        }
        if (rows) {
            return index / columns % count;
        }
        long matrix = values.shape().dim(-1) * values.shape().dim(-2);
        return params.shape().rank() <= 1 ? index % columns : index / matrix * columns + index % columns;
    }

    /** Checks that parameters of right-hand matrices come as one, one for each column, or that for each matrix. */
    private static void checkColumns(OpContext context, int params, int values) {
        if (context.has(params)) {
            Shape given = context.shape(params);
            Shape matrices = context.shape(values);
            boolean vector = given.rank() <= 1 && matrices.rank() >= 2 && given.elements() == matrices.dim(-1);
            boolean batch = given.rank() > 1 && matrices.rank() >= 2
                    && given.elements() * matrices.dim(-2) == matrices.elements();
            context.check(given.elements() == 1 || vector || batch, params, "one, or one for each column of "
                    + matrices);
        }
    }

    private static Computation matMulInteger(OpContext context) {
        Batch batch = batch(context, 1);
        context.checkParameters(2, 3);
        checkColumns(context, 3, 1);
        return Computation.of(new TensorType(DataType.S32, batch.out), (in, out) -> {
            long[] left = shifted(in[0], in, 2, true);
            long[] right = shifted(in[1], in, 3, false);
            forEach(batch, (a, b, c) -> integers(batch, left, (int) a, right, (int) b,
                    (index, sum) -> out[0].setLong(c + index, sum)));
        });
    }

    private static Computation qlinearMatMul(OpContext context) {
        Batch batch = batch(context, 3);
        context.checkParameters(1, 2, 4, 5, 6, 7);
        checkColumns(context, 4, 3);
        checkColumns(context, 5, 3);
        DataType type = context.type(7);
        return Computation.of(new TensorType(type, batch.out), (in, out) -> {
            long[] left = shifted(in[0], in, 2, true);
            long[] right = shifted(in[3], in, 5, false);
            double dstScale = in[6].get(0);
            int zeroPoint = (int) in[7].getLong(0);
            forEach(batch, (a, b, c) -> integers(batch, left, (int) a, right, (int) b, (index, sum) -> {
                double aScale = in[1].get(line(in[1], in[0], (int) (a + index / batch.n * batch.k), (int) batch.k,
                        true));
                double bScale = in[4].get(line(in[4], in[3], (int) (b + index % batch.n), (int) batch.n, false));
                float scaled = (float) sum * (float) (aScale * bScale / dstScale);
                out[0].setLong(c + index, QuantOps.saturate(scaled, zeroPoint, type));
            }));
        });
    }

    /** Gemm: y = alpha * a' * b' + beta * c, where a' and b' may be transposed and c is broadcast. */
    private static Computation gemm(OpContext context) {
        boolean transA = context.attributes().integer("transA", 0) != 0;
        boolean transB = context.attributes().integer("transB", 0) != 0;
        double alpha = context.attributes().real("alpha", 1f);
        double beta = context.attributes().real("beta", 1f);
        Shape a = context.shape(0);
        Shape b = context.shape(1);
        context.check(a.rank() == 2, 0, "rank 2");
        context.check(b.rank() == 2, 1, "rank 2");
        context.check(context.type(1) == context.type(0), 1, "type " + context.type(0));
        long m = a.dim(transA ? 1 : 0);
        long k = a.dim(transA ? 0 : 1);
        long n = b.dim(transB ? 0 : 1);
        context.check(b.dim(transB ? 1 : 0) == k, 1, "inner extent " + k);
        Shape shape = Shape.of(m, n);
        TensorType output = new TensorType(context.type(0), shape);
        long[] cStrides = new long[2];
        boolean biased = context.has(2);
        if (biased) {
            context.check(Shapes.broadcast(context, context.shape(2), shape).equals(shape), 2, "broadcastable to "
                    + shape);
            cStrides = Shapes.broadcastStrides(context.shape(2), shape);
        }
        long cRow = cStrides[0];
        long cColumn = cStrides[1];
        return Computation.of(output, (in, out) -> {
            double[] left = Elements.doubles(in[0]);
            double[] right = Elements.doubles(in[1]);
            for (long i = 0; i < m; i++) {
                for (long j = 0; j < n; j++) {
                    double sum = 0;
                    for (long p = 0; p < k; p++) {
                        sum += left[(int) (transA ? p * m + i : i * k + p)]
                                * right[(int) (transB ? j * k + p : p * n + j)];
                    }
                    double bias = biased ? beta * in[2].get(i * cRow + j * cColumn) : 0;
                    out[0].set(i * n + j, alpha * sum + bias);
                }
            }
        });
    }
}
