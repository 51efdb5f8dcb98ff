package io.tersor.compress;

import io.tersor.model.Graph;

/**
 * What makes a network smaller and faster. Immutable and thread-safe; the same graph and calibration give the same
 * result.
 */
public sealed interface Recipe permits Int8Recipe {
    /**
     * Returns the recipe of a text: a name, then options after a colon, separated by commas.
     *
     * <ul>
     * <li>{@code int8}: post-training static quantization, see {@link Int8Recipe}. Options: {@code minmax}, or
     * {@code percentile=P} with P in percent, for the calibrator; by default the calibration's own.
     * </ul>
     *
     * @throws CompressException if there is no such recipe or option
     */
    static Recipe parse(String text) {
        RecipeText parsed = RecipeText.parse(text);
        Recipe recipe = switch (parsed.name()) {
            case "int8" -> Int8Recipe.of(parsed);
            default -> throw new CompressException("recipe " + parsed.name() + ": expected one of int8");
        };
        parsed.checkAllUsed();
        return recipe;
    }

    /**
     * Returns the compressed network.
     *
     * @param graph the trained FP32 network
     * @param calibration inputs like those the network is going to see
     * @throws CompressException if the network or the calibration does not fit
     */
    Graph apply(Graph graph, Calibration calibration);
}
