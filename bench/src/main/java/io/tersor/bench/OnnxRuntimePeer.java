package io.tersor.bench;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.tersor.TersorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * ONNX Runtime's CPU provider in this JVM, on the same file and the same memory: inputs are read where they are,
 * outputs are written to tensors made beforehand. All graph optimizations, operators one after the other. For one
 * thread at a time.
 */
final class OnnxRuntimePeer implements NetworkContender {
    /** The peer's name on the command line and in reports. */
    static final String NAME = "onnxruntime";

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final String version;
    private final OrtSession session;
    private final Map<String, Tensor> outputs = new LinkedHashMap<>();
    private final Map<String, OnnxTensor> in = new LinkedHashMap<>();
    private final Map<String, OnnxTensor> out = new LinkedHashMap<>();

    /**
     * Loads a network.
     *
     * @param name of this peer in reports
     * @param threads within an operator
     * @param inputs a tensor for every input, for as long as this is used
     * @param like tensors of the outputs' names, types and shapes
     * @throws TersorException if ONNX Runtime is missing, or does not take the file or the inputs
     */
    OnnxRuntimePeer(String name, Path file, int threads, Map<String, Tensor> inputs, Map<String, Tensor> like) {
        this.name = name;
        OrtEnvironment environment = environment();
        this.version = environment.getVersion();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            this.session = environment.createSession(file.toString(), options);
        } catch (OrtException e) {
            arena.close();
            throw failed(e);
        }
        try {
            for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
                in.put(input.getKey(), wrap(environment, input.getValue()));
            }
            for (Map.Entry<String, Tensor> output : like.entrySet()) {
                Tensor tensor = Tensor.allocate(arena, output.getValue().type(), output.getValue().shape());
                outputs.put(output.getKey(), tensor);
                out.put(output.getKey(), wrap(environment, tensor));
            }
            run();
        } catch (OrtException e) {
            close();
            throw failed(e);
        } catch (TersorException e) {
            close();
            throw e;
        }
    }

    private static OrtEnvironment environment() {
        try {
            return OrtEnvironment.getEnvironment();
        } catch (LinkageError | RuntimeException e) {
            // The class's initializer fails with a cause, and with none at every later use.
            throw new TersorException(NAME + ": its native library cannot be loaded: "
                    + (e.getCause() == null ? e : e.getCause()).getMessage(), e);
        }
    }

    private TersorException failed(OrtException e) {
        return new TersorException(name + ": " + e.getMessage().lines().findFirst().orElse("failed"), e);
    }

    private static OnnxTensor wrap(OrtEnvironment environment, Tensor tensor) throws OrtException {
        return OnnxTensor.createTensor(environment, tensor.data().asByteBuffer().order(ByteOrder.nativeOrder()),
                tensor.shape().dims(), type(tensor.type()));
    }

    private static OnnxJavaType type(DataType type) {
        return switch (type) {
            case F32 -> OnnxJavaType.FLOAT;
            case F64 -> OnnxJavaType.DOUBLE;
            case F16 -> OnnxJavaType.FLOAT16;
            case BF16 -> OnnxJavaType.BFLOAT16;
            case S64 -> OnnxJavaType.INT64;
            case S32 -> OnnxJavaType.INT32;
            case S16 -> OnnxJavaType.INT16;
            case S8 -> OnnxJavaType.INT8;
            case U8 -> OnnxJavaType.UINT8;
            case BOOL -> OnnxJavaType.BOOL;
            default -> throw new TersorException(NAME + ": its Java package has no tensors of " + type);
        };
    }

    private void run() throws OrtException {
        session.run(in, out).close();
    }

    @Override
    public String how() {
        return version;
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
        return NAME + " " + version;
    }

    @Override
    public boolean isSlowToCompile() {
        return false;
    }

    @Override
    public long time(int runs) {
        try {
            long start = System.nanoTime();
            for (int i = 0; i < runs; i++) {
                run();
            }
            return System.nanoTime() - start;
        } catch (OrtException e) {
            throw failed(e);
        }
    }

    @Override
    public void close() {
        in.values().forEach(OnnxTensor::close);
        out.values().forEach(OnnxTensor::close);
        try {
            session.close();
        } catch (OrtException e) {
            throw failed(e);
        } finally {
            arena.close();
        }
    }
}
