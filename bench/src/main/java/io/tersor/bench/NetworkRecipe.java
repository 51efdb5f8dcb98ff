package io.tersor.bench;

import io.tersor.compress.Recipe;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is done to a network before it is timed.
 *
 * @param text {@link #NONE}, or one of {@link Recipe#parse}
 */
public record NetworkRecipe(String text) {
    /** The network as it is. */
    public static final String NONE = "none";

    /**
     * Returns the recipe, where there is one.
     *
     * @throws io.tersor.compress.CompressException if there is no such recipe
     */
    public Optional<Recipe> recipe() {
        return text.equals(NONE) ? Optional.empty() : Optional.of(Recipe.parse(text));
    }

    /** Returns whether weights are set to zero. */
    public boolean isSparse() {
        return text.startsWith("prune:") || text.startsWith("sparse-int8:");
    }

    /**
     * Returns what rows call the network's types: {@code INT8} for recipes that quantize and {@code FP32} for others,
     * then the share of zeros or of channels taken away in percent, the format of the weights, and other options as
     * they are: {@code INT8 80% 32x4} for {@code sparse-int8:block=32x4,sparsity=0.8}.
     */
    public String types() {
        String[] parts = text.split(":", 2);
        List<String> options = parts.length == 1 ? List.of() : Arrays.asList(parts[1].split(","));
        String shares = options.stream().map(option -> option.split("=")).filter(NetworkRecipe::isShare)
                .map(option -> " " + Math.round(100 * Double.parseDouble(option[1])) + "%"
                        + (option[0].equals("channels") ? " channels" : "")).collect(Collectors.joining());
        String others = options.stream().map(option -> option.split("=")).filter(option -> !isShare(option))
                .map(option -> " " + (option[0].matches("block|format") ? option[1] : String.join("=", option)))
                .collect(Collectors.joining());
        return (parts[0].endsWith("int8") ? "INT8" : "FP32") + shares + others;
    }

    private static boolean isShare(String[] option) {
        return option[0].matches("sparsity|channels");
    }
}
