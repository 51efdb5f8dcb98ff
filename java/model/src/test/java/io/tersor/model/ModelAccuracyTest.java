package io.tersor.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.tersor.kernel.Backend;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelAccuracyTest {
    private static final float[] MEAN = {0.4914f, 0.4822f, 0.4465f};
    private static final float[] STD = {0.2470f, 0.2435f, 0.2616f};

    private static double top1(PreparedNetwork network, Tensor images, Tensor labels, long batch) {
        long right = 0;
        long count = images.shape().dim(0);
        for (long at = 0; at < count; at += batch) {
            try (Arena arena = Arena.ofConfined()) {
                long n = Math.min(batch, count - at);
                float[] logits = network.run(images.slice(0, at, n), arena).toFloats();
                int classes = (int) (logits.length / n);
                for (int i = 0; i < n; i++) {
                    int best = 0;
                    for (int c = 1; c < classes; c++) {
                        best = logits[i * classes + c] > logits[i * classes + best] ? c : best;
                    }
                    right += best == labels.getLong(at + i) ? 1 : 0;
                }
            }
        }
        return 100.0 * right / count;
    }

    @ParameterizedTest
    @EnumSource(names = {"SCALAR", "VECTOR"})
    void digits(Backend backend) {
        try (Arena arena = Arena.ofConfined();
                PreparedNetwork network = Network.load(SharedFiles.path("models/digits-cnn.onnx")).prepare(backend)) {
            Tensor images = Npy.read(arena, SharedFiles.path("data/digits-test-images.npy"));
            Tensor labels = Npy.read(arena, SharedFiles.path("data/digits-test-labels.npy"));
            // A batch that leaves a rest: two plans for one network.
            assertEquals(99.56, top1(network, images, labels, 64), 0.005);
        }
    }

    @Test
    void resnet20() {
        try (Arena arena = Arena.ofConfined();
                PreparedNetwork network = Network.load(SharedFiles.path("models/cifar10-resnet20.onnx")).prepare()) {
            Tensor stored = Npy.read(arena, SharedFiles.path("data/cifar10-test-images.npy"));
            Tensor labels = Npy.read(arena, SharedFiles.path("data/cifar10-test-labels.npy"));
            Tensor images = Tensor.allocate(arena, DataType.F32, stored.shape());
            for (long i = 0; i < images.shape().elements(); i++) {
                int channel = (int) (i / (32 * 32) % 3);
                images.set(i, ((float) stored.get(i) / 255f - MEAN[channel]) / STD[channel]);
            }
            assertEquals(87.80, top1(network, images, labels, 50), 0.1);
        }
    }
}
