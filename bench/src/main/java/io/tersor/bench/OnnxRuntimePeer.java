package io.tersor.bench;

import io.tersor.bench.peers.OnnxSession;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * ONNX Runtime's CPU provider in this JVM, on the same file and the same memory; see {@link OnnxSession}. For one
 * thread at a time.
 */
public final class OnnxRuntimePeer implements NetworkContender {
    /** The peer's name on the command line and in reports. */
    public static final String NAME = OnnxSession.NAME;

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final OnnxSession session;
    private final Map<String, Tensor> outputs = new LinkedHashMap<>();

    /**
     * Loads a network.
     *
     * @param name of this peer in reports
     * @param threads within an operator
     * @param inputs a tensor for every input, for as long as this is used
     * @param like tensors of the outputs' names, types and shapes
     * @throws io.tersor.TersorException if ONNX Runtime is missing, or does not take the file or the inputs
     */
    OnnxRuntimePeer(String name, Path file, int threads, Map<String, Tensor> inputs, Map<String, Tensor> like) {
        this.name = name;
        like.forEach((output, tensor) -> outputs.put(output, Tensor.allocate(arena, tensor.type(), tensor.shape())));
        try {
            this.session = new OnnxSession(name, file, OnnxSession.Options.of(threads), inputs, outputs);
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public String how() {
        return OnnxSession.version();
    }

    @Override
    public Map<String, Tensor> outputs() {
        return outputs;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String kernel() {
        return NAME + " " + OnnxSession.version();
    }

    @Override
    public boolean isSlowToCompile() {
        return false;
    }

    @Override
    public long time(int runs) {
        long start = System.nanoTime();
        for (int i = 0; i < runs; i++) {
            session.run();
        }
        return System.nanoTime() - start;
    }

    @Override
    public void close() {
        session.close();
        arena.close();
    }
}
