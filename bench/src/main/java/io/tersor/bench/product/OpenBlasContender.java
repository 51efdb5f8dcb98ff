package io.tersor.bench.product;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.bench.peers.OpenBlas;
import io.tersor.ffm.Isa;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A matrix multiplication of OpenBLAS, which packs the weights anew at each run. Bias and ReLU, for which BLAS has no
 * function, are one more pass over dst, a loop in Java that the JVM compiles to vector instructions.
 */
final class OpenBlasContender implements ProductContender {
    private final Arena arena = Arena.ofShared();
    private final OpenBlas library;
    private final int m;
    private final int k;
    private final int n;
    private final int threads;
    private final MemorySegment src;
    private final List<MemorySegment> weights = new ArrayList<>();
    private final float[] bias;
    private final float[] row;
    private final Tensor dst;
    private final WeightStorage storage;
    private int next;

    /**
     * @param copies of the weights, which the runs take in turn
     */
    OpenBlasContender(OpenBlas library, ProductOperands operands, int threads, int copies) {
        this.library = library;
        this.threads = threads;
        this.m = (int) operands.extents()[0];
        this.k = (int) operands.extents()[1];
        this.n = (int) operands.extents()[2];
        this.src = operands.src().data();
        Tensor first = operands.constants().weights();
        for (int i = 0; i < copies; i++) {
            weights.add(first.copy(arena).data());
        }
        this.bias = operands.constants().bias().orElseThrow().toFloats();
        this.row = new float[n];
        this.dst = operands.newDst(arena);
        this.storage = WeightStorage.dense(first, copies);
    }

    private void run() {
        library.multiply(m, n, k, src, weights.get(next), dst.data());
        next = next + 1 == weights.size() ? 0 : next + 1;
        for (long at = 0; at < (long) m * n; at += n) {
            addBiasAndCutOff(at);
        }
    }

    /** By way of an array: a loop over two segments, which may overlap for all the JVM knows, takes 3 times as long. */
    private void addBiasAndCutOff(long first) {
        MemorySegment.copy(dst.data(), JAVA_FLOAT, 4 * first, row, 0, n);
        for (int i = 0; i < bias.length; i++) {
            row[i] = Math.max(row[i] + bias[i], 0);
        }
        MemorySegment.copy(row, 0, dst.data(), JAVA_FLOAT, 4 * first, n);
    }

    @Override
    public String name() {
        return OpenBlas.NAME;
    }

    @Override
    public String kernel() {
        return OpenBlas.NAME + " " + library.version() + "/" + (m == 1 ? "sgemv" : "sgemm") + ":" + library.core()
                + ", bias and ReLU in Java, threads " + threads;
    }

    @Override
    public String isa() {
        return Isa.used().label();
    }

    @Override
    public boolean isSlowToCompile() {
        return false;
    }

    @Override
    public WeightStorage storage() {
        return storage;
    }

    @Override
    public long time(int runs) {
        library.threads(threads);
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            run();
        }
        return System.nanoTime() - start;
    }

    @Override
    public Tensor result() {
        return dst;
    }

    @Override
    public void close() {
        arena.close();
    }
}
