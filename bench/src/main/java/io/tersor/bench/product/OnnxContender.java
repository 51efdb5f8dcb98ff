package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.peers.OnnxSession;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A graph of one product in ONNX Runtime, called through its Java package, as its users in a JVM call it. Convolutions
 * of f32 are NCHW, its own layout: src and dst are transposed outside of the time that is measured.
 *
 * <p>Each copy of the weights is a session of its own, for a session always runs its whole graph. Where there are
 * several, threads do not spin while they wait, for those of the other sessions would be in the way.
 */
final class OnnxContender implements ProductContender {
    /** No result has it: a large negative number, and no u8 that a product is likely to have everywhere. */
    private static final byte UNTOUCHED = (byte) 0xFE;
    /** How long its waiting threads may go on spinning after a run, in the way of whoever is timed next. */
    private static final long SPIN_MILLIS = 2;

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final String isa;
    private final int threads;
    private final Tensor dst;
    private final Tensor raw;
    private final boolean transposed;
    private final WeightStorage storage;
    private final List<OnnxSession> sessions = new ArrayList<>();
    private String operators = "";
    private int next;
    private boolean ran;

    /**
     * @param isa that ONNX Runtime may use
     * @param blockBits of weights in blocks
     * @param copies of the weights, which the runs take in turn
     * @throws TersorException if ONNX Runtime is missing or does not take the graph
     */
    OnnxContender(String name, String isa, ProductOperands operands, int blockBits, int threads, int copies) {
        this.name = name;
        this.isa = isa;
        this.threads = threads;
        this.dst = operands.newDst(arena);
        ProductTypes types = operands.constants().types();
        boolean gemm = operands.operation() == BenchLibrary.Operation.GEMM;
        this.transposed = !gemm && types == ProductTypes.F32F32F32;
        this.raw = transposed ? Tensor.allocate(arena, dst.type(), dst.permute(0, 3, 1, 2).shape()) : dst;
        Tensor src = transposed ? operands.src().permute(0, 3, 1, 2).copy(arena) : operands.src();
        WeightStorage dense = WeightStorage.dense(operands.constants().weights(), copies);
        try (Arena scratch = Arena.ofShared()) {
            Graph graph;
            if (types == ProductTypes.F32S8F32) {
                BlockWeights weights = BlockWeights.of(scratch, operands.constants(), blockBits);
                graph = OnnxGraphs.blockGemm(scratch, operands, weights);
                this.storage = new WeightStorage(Optional.empty(), dense.entries(),
                        weights.packed().byteSize() + weights.scales().byteSize(), copies);
            } else {
                graph = gemm ? types == ProductTypes.U8S8U8 ? OnnxGraphs.quantizedGemm(scratch, operands)
                        : OnnxGraphs.gemm(scratch, operands) : transposed
                        ? OnnxGraphs.conv(scratch, operands, src.shape(), raw.shape())
                        : OnnxGraphs.quantizedConv(scratch, operands, raw.shape());
                this.storage = dense;
            }
            load(graph, src);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    private void load(Graph graph, Tensor src) {
        try {
            Path folder = Files.createTempDirectory("tersor-bench-");
            Path file = folder.resolve("product.onnx");
            Path optimized = folder.resolve("optimized.onnx");
            try {
                graph.save(file);
                for (int i = 0; i < storage.copies(); i++) {
                    sessions.add(new OnnxSession(name, file, new OnnxSession.Options(threads, storage.copies() == 1,
                            i == 0 ? Optional.of(optimized) : Optional.empty()), Map.of(OnnxGraphs.SRC, src),
                            Map.of(OnnxGraphs.DST, raw)));
                }
                operators = Graph.load(optimized).nodes().stream().map(Node::opType).collect(Collectors.joining("+"));
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(optimized);
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new TersorException(name + ": its temporary files: " + e, e);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kernel() {
        return OnnxSession.NAME + " " + OnnxSession.version() + "/" + operators + ", threads " + threads;
    }

    @Override
    public String isa() {
        return isa;
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
        ran = true;
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            sessions.get(next).run();
            next = next + 1 == sessions.size() ? 0 : next + 1;
        }
        return System.nanoTime() - start;
    }

    /** Brings what the last run left into the layout of other contenders, and leaves marks for the next to overwrite. */
    @Override
    public Tensor result() {
        if (transposed && ran) {
            dst.copyFrom(raw.permute(0, 2, 3, 1));
            raw.data().fill(UNTOUCHED);
            ran = false;
        }
        return dst;
    }

    @Override
    public void close() {
        sessions.forEach(OnnxSession::close);
        arena.close();
    }
}
