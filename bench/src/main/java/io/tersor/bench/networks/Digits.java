package io.tersor.bench.networks;

import io.tersor.TersorException;
import io.tersor.model.Graph;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** A small trained network for digits with its images, which come with the benchmark. */
public final class Digits {
    private Digits() {}

    /** Returns the network. */
    public static Graph network() {
        return resource("digits-cnn.onnx", Graph::load);
    }

    /** Returns the images of the test, f32 [n, ...]. */
    public static Tensor testImages(Arena arena) {
        return tensor(arena, "test-images");
    }

    /** Returns the right class of each image of the test, [n]. */
    public static Tensor testLabels(Arena arena) {
        return tensor(arena, "test-labels");
    }

    /** Returns other images, f32 [n, ...], for calibration. */
    public static Tensor calibrationImages(Arena arena) {
        return tensor(arena, "calibration-images");
    }

    private static Tensor tensor(Arena arena, String what) {
        return resource("digits-" + what + ".npy", file -> Npy.read(arena, file));
    }

    private static <T> T resource(String name, Function<Path, T> reader) {
        try (InputStream stream = Digits.class.getResourceAsStream("/io/tersor/bench/digits/" + name)) {
            Path file = Files.createTempFile("tersor-", "-" + name);
            try {
                Files.write(file, stream.readAllBytes());
                return reader.apply(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new TersorException("cannot unpack " + name + " into the temporary folder: " + e.getMessage(), e);
        }
    }
}
