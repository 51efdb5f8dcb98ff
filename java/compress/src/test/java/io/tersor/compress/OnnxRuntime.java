package io.tersor.compress;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.tersor.tensor.Tensor;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/** Runs models in ONNX Runtime, the independent reader of what we write. */
final class OnnxRuntime implements AutoCloseable {
    private final OrtSession session;

    OnnxRuntime(Path model) throws OrtException {
        this(model, 2);
    }

    OnnxRuntime(Path model, int threads) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        options.setIntraOpNumThreads(threads);
        // Sums without VNNI would saturate.
        options.addConfigEntry("session.x64quantprecision", "1");
        this.session = OrtEnvironment.getEnvironment().createSession(model.toString(), options);
    }

    /** Returns the scores [n, classes] of f32 inputs, row by row. */
    float[][] run(Tensor input) throws OrtException {
        FloatBuffer values = input.data().asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
        String name = session.getInputNames().iterator().next();
        try (OnnxTensor tensor = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), values,
                input.shape().dims()); OrtSession.Result result = session.run(Map.of(name, tensor))) {
            return (float[][]) result.get(0).getValue();
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
