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
 * of f32 have src and dst in its own layout, NCHW or, where it has kernels for them, NCHWc: they are brought there and
 * back outside of the time that is measured.
 *
 * <p>Each copy of the weights is a session of its own, for a session always runs its whole graph. Where there are
 * several, threads do not spin while they wait, for those of the other sessions would be in the way.
 */
final class OnnxContender implements ProductContender {
    /** No result has it: a large negative number, and no u8 that a product is likely to have everywhere. */
    private static final byte UNTOUCHED = (byte) 0xFE;

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final String isa;
    private final int threads;
    private final Tensor dst;
    private final Tensor raw;
    private final boolean transposed;
    private final WeightStorage storage;
    private final List<OnnxSession> sessions = new ArrayList<>();
    private final List<OnnxSession> after = new ArrayList<>();
    private Tensor written;
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
        this.written = raw;
        WeightStorage dense = WeightStorage.dense(operands.constants().weights(), copies);
        try (Arena scratch = Arena.ofShared()) {
            Graph graph;
            String form = "";
            if (types == ProductTypes.F32S8F32) {
                BlockWeights weights = BlockWeights.of(scratch, operands.constants(), blockBits);
                graph = OnnxGraphs.blockGemm(scratch, operands, weights);
                form = " " + weights.bits() + " bits in blocks of " + weights.block();
                this.storage = new WeightStorage(Optional.empty(), dense.entries(),
                        weights.packed().byteSize() + weights.scales().byteSize(), copies);
            } else {
                graph = OnnxGraphs.of(scratch, operands, src.shape(), raw.shape());
                this.storage = dense;
            }
            Opened opened = transposed ? openConv(graph, src) : open(graph, storage.copies(), src, raw);
            sessions.addAll(opened.sessions);
            operators = opened.graph.nodes().stream().map(Node::operator).collect(Collectors.joining("+"))
                    + form;
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /**
     * Sessions of one graph.
     *
     * @param graph what ONNX Runtime made of it
     */
    private record Opened(List<OnnxSession> sessions, Graph graph) implements AutoCloseable {
        @Override
        public void close() {
            sessions.forEach(OnnxSession::close);
        }
    }

    /** Opens sessions of a convolution in the layout of its kernel, if they have one of their own. */
    private Opened openConv(Graph graph, Tensor src) {
        Opened plain = open(graph, 1, src, raw);
        plain.close();
        Optional<BlockedConv> blocked = BlockedConv.of(plain.graph);
        if (blocked.isEmpty()) {
            return open(graph, storage.copies(), src, raw);
        }
        BlockedConv conv = blocked.get();
        Tensor read = src;
        if (conv.before().isPresent()) {
            read = Tensor.allocate(arena, src.type(), conv.src());
            open(conv.before().get(), 1, src, read).close();
        }
        written = Tensor.allocate(arena, raw.type(), conv.dst());
        after.addAll(open(conv.after(), 1, written, raw).sessions);
        return open(conv.core(), storage.copies(), read, written);
    }

    /** Opens sessions of a graph, each of which runs once. */
    private Opened open(Graph graph, int count, Tensor from, Tensor into) {
        try {
            Path folder = Files.createTempDirectory("tersor-bench-");
            Path file = folder.resolve("product.onnx");
            Path made = folder.resolve("optimized.onnx");
            List<OnnxSession> opened = new ArrayList<>();
            try {
                graph.save(file);
                for (int i = 0; i < count; i++) {
                    opened.add(new OnnxSession(name, file, new OnnxSession.Options(threads, storage.copies() == 1,
                            i == 0 ? Optional.of(made) : Optional.empty(), false), Map.of(OnnxGraphs.SRC, from),
                            Map.of(OnnxGraphs.DST, into)));
                }
                return new Opened(opened, Graph.load(made));
            } catch (Throwable e) {
                opened.forEach(OnnxSession::close);
                throw e;
            } finally {
                Files.deleteIfExists(file);
                Files.deleteIfExists(made);
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
            after.forEach(OnnxSession::run);
            dst.copyFrom(raw.permute(0, 2, 3, 1));
            written.data().fill(UNTOUCHED);
            ran = false;
        }
        return dst;
    }

    @Override
    public void close() {
        sessions.forEach(OnnxSession::close);
        after.forEach(OnnxSession::close);
        arena.close();
    }
}
