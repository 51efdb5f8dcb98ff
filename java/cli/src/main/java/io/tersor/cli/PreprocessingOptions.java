package io.tersor.cli;

import io.tersor.compress.Preprocessing;
import java.util.List;
import picocli.CommandLine.Option;

/**
 * The options that turn stored images into a network's input: {@code --scale}, {@code --mean} and {@code --std}. For use
 * as a picocli mixin.
 */
public final class PreprocessingOptions {
    @Option(names = "--scale", paramLabel = "S", defaultValue = "1",
            description = "Input is (x * S - mean) / std; such as 0.00392156862745098, which is 1/255.")
    private float scale;

    @Option(names = "--mean", paramLabel = "M", split = ",", defaultValue = "0",
            description = "One number, or one for each channel.")
    private List<Float> mean;

    @Option(names = "--std", paramLabel = "S", split = ",", defaultValue = "1",
            description = "One number, or one for each channel.")
    private List<Float> std;

    /** Returns what was asked for. */
    public Preprocessing preprocessing() {
        return new Preprocessing(scale, mean, std);
    }
}
