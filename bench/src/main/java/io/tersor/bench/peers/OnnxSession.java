package io.tersor.bench.peers;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.tersor.TersorException;
import io.tersor.ffm.CpuFeatures;
import io.tersor.ffm.Isa;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One file loaded into ONNX Runtime's CPU provider in this JVM, on memory of the caller's: inputs are read where they
 * are, outputs are written to tensors made beforehand. All graph optimizations, operators one after the other. For one
 * thread at a time; to be closed before the tensors are.
 */
public final class OnnxSession implements AutoCloseable {
    /** The peer's name on the command line and in reports. */
    public static final String NAME = "onnxruntime";

    /**
     * Waiting threads spin for tens of milliseconds unless told otherwise, and so would slow down whoever is timed
     * next; this is longer than the pause between two runs.
     */
    private static final String SPIN_MICROS = "1000";

    private final String name;
    private final OrtSession session;
    private final Map<String, OnnxTensor> in = new LinkedHashMap<>();
    private final Map<String, OnnxTensor> out = new LinkedHashMap<>();

    /**
     * How a file is loaded.
     *
     * @param threads within an operator
     * @param spinning whether threads that wait for work spin for a while
     * @param optimized where to write the graph that really runs, if anywhere
     * @param exact whether 8-bit products without VNNI must not saturate the sums of two, which takes longer; needed
     *     for weights beyond 7 bits, and only there: with VNNI sums are exact, and 2.5 times as slow where this asks
     */
    public record Options(int threads, boolean spinning, Optional<Path> optimized, boolean exact) {
        /** Returns the options of a network's session that runs again and again. */
        public static Options of(int threads) {
            return new Options(threads, true, Optional.empty(), saturates());
        }
    }

    /**
     * Loads a file and runs it once.
     *
     * @param name of the peer in messages
     * @param inputs a tensor for every input, for as long as this is used
     * @param outputs a tensor for every output, likewise
     * @throws TersorException if ONNX Runtime is missing, or does not take the file or the tensors
     */
    public OnnxSession(String name, Path file, Options how, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
        this.name = name;
        OrtEnvironment environment = environment();
        try {
            this.session = open(environment, file, how);
        } catch (OrtException e) {
            throw failed(name, e);
        }
        try {
            for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
                in.put(input.getKey(), wrap(environment, input.getValue()));
            }
            for (Map.Entry<String, Tensor> output : outputs.entrySet()) {
                out.put(output.getKey(), wrap(environment, output.getValue()));
            }
            run();
        } catch (TersorException e) {
            close();
            throw e;
        } catch (OrtException e) {
            close();
            throw failed(name, e);
        }
    }

    /** Returns whether ONNX Runtime's 8-bit products saturate on this CPU, whatever the cap, which it does not know. */
    public static boolean saturates() {
        return CpuFeatures.detect().isa().compareTo(Isa.AVX2) <= 0;
    }

    private static OrtSession open(OrtEnvironment environment, Path file, Options how) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(how.threads);
            options.setInterOpNumThreads(1);
            options.addConfigEntry("session.intra_op.allow_spinning", how.spinning ? "1" : "0");
            options.addConfigEntry("session.intra_op.spin_duration_us", SPIN_MICROS);
            options.addConfigEntry("session.x64quantprecision", how.exact ? "1" : "0");
            if (how.optimized.isPresent()) {
                options.setOptimizedModelFilePath(how.optimized.get().toString());
            }
            return environment.createSession(file.toString(), options);
        }
    }

    /**
     * Loads a file, which prepares it for runs, and lets it go again.
     *
     * @throws TersorException if ONNX Runtime is missing, or does not take the file
     */
    public static void loadAndClose(Path file, Options how) {
        try {
            open(environment(), file, how).close();
        } catch (OrtException e) {
            throw failed(NAME, e);
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

    private static TersorException failed(String name, OrtException e) {
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

    /**
     * Returns the version of ONNX Runtime that is loaded.
     *
     * @throws TersorException if it is missing
     */
    public static String version() {
        return environment().getVersion();
    }

    /** Runs once. */
    public void run() {
        try {
            session.run(in, out).close();
        } catch (OrtException e) {
            throw failed(name, e);
        }
    }

    @Override
    public void close() {
        in.values().forEach(OnnxTensor::close);
        out.values().forEach(OnnxTensor::close);
        try {
            session.close();
        } catch (OrtException e) {
            throw failed(name, e);
        }
    }
}
