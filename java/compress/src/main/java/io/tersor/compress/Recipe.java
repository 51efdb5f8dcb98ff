package io.tersor.compress;

import io.tersor.model.Graph;
import java.util.Optional;

/**
 * What makes a network smaller and faster. Immutable and thread-safe; the same graph and calibration give the same
 * result.
 */
public sealed interface Recipe permits Int8Recipe, DynamicInt8Recipe, ReducingRecipe {
    /**
     * Returns the recipe of a text: a name, then options after a colon, separated by commas.
     *
     * <ul>
     * <li>{@code int8}: post-training static quantization, see {@link Int8Recipe}. Options: {@code minmax}, or
     * {@code percentile=P} with P in percent, for the calibrator; by default the calibration's own.
     * <li>{@code dynamic-int8}: post-training dynamic quantization, which needs no calibration, see
     *     {@link DynamicInt8Recipe}.
     * <li>{@code prune}: sets weights to zero, f32 result, see {@link MagnitudePruning}. Options:
     *     {@code format=32x4} (blocks of 32 outputs x 4 inputs; or any other, also {@code block=32x4}), {@code csr},
     *     {@code bitmask} (single entries), {@code 2:4} (the 2 largest of 4 inputs), or {@code keep} (weights stay as
     *     they are and are marked with the format that their zeros show, see {@link ExistingZeros}); but for n of m
     *     {@code sparsity=S}, the share of zeros, above 0 and below 1; {@code scope=layer} (the usual) or
     *     {@code global}; {@code norm=l2} (the usual) or {@code l1}; {@code keep=first+last} (the usual),
     *     {@code first}, {@code last} or {@code none}, the layers that stay as they are.
     * <li>{@code sparse-int8}: {@code prune}, then {@code int8}, with the options of both.
     * <li>{@code structured}: takes whole channels away, f32 result, see {@link ChannelPruning}. Options:
     *     {@code channels=S}, their share, above 0 and below 1; {@code keep} as for {@code prune}.
     * <li>{@code structured-int8}: {@code structured}, then {@code int8}, with the options of both.
     * </ul>
     *
     * @throws CompressException if there is no such recipe or option
     */
    static Recipe parse(String text) {
        RecipeText parsed = RecipeText.parse(text);
        Recipe recipe = switch (parsed.name()) {
            case "int8" -> Int8Recipe.of(parsed);
            case "dynamic-int8" -> new DynamicInt8Recipe();
            case "prune", "sparse-int8", "structured", "structured-int8" -> ReducingRecipe.of(parsed);
            default -> throw new CompressException("recipe " + parsed.name()
                    + ": expected one of int8, dynamic-int8, prune, sparse-int8, structured, structured-int8");
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

    /**
     * Returns the compressed network, without calibration.
     *
     * @throws CompressException if the recipe needs calibration, or the network does not fit
     */
    default Graph apply(Graph graph) {
        throw new CompressException("recipe " + this + ": expected calibration data, got none");
    }

    /** Returns whether the recipe needs calibration. */
    boolean calibrates();

    /** Returns how the recipe derives ranges; empty for the calibration's own way, or if it derives none. */
    Optional<Calibrator> calibrator();
}
