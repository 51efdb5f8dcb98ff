package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.model.pass.Passes;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import java.util.Optional;

/**
 * Takes parts of a network away, and quantizes what is left where that is asked for. Batch normalizations are folded
 * first. Zeros stay in the network as it is written, so that every ONNX runtime reads it; the graph tells how they are
 * arranged ({@link Graph#sparsity()}).
 *
 * @param int8 the quantization that follows; empty for an f32 result
 */
public record ReducingRecipe(Reduction reduction, Optional<Int8Recipe> int8) implements Recipe {
    /** Returns the recipe of the names prune, sparse-int8, structured, structured-int8. */
    static ReducingRecipe of(RecipeText text) {
        boolean quantized = text.name().endsWith("-int8");
        Reduction reduction = text.name().startsWith("structured") ? ChannelPruning.of(text) : zeros(text, quantized);
        return new ReducingRecipe(reduction, quantized ? Optional.of(Int8Recipe.of(text)) : Optional.empty());
    }

    private static Reduction zeros(RecipeText text, boolean quantized) {
        Optional<String> block = text.word("block");
        Optional<String> format = text.word("format");
        if (block.isPresent() == format.isPresent()) {
            throw new CompressException("recipe " + text + ": expected one of block=ROWSxCOLUMNS and format=F, got "
                    + (block.isPresent() ? "both" : "none"));
        }
        if (format.filter("keep"::equals).isPresent()) {
            return new ExistingZeros(quantized ? DataType.S8 : DataType.F32);
        }
        SparseFormat parsed = text.format(block.or(() -> format).orElseThrow());
        if (block.isPresent() && !(parsed instanceof SparseFormat.Block)) {
            throw new CompressException("recipe " + text + ": block: expected such as 32x4, got " + parsed);
        }
        return MagnitudePruning.of(text, parsed);
    }

    @Override
    public boolean calibrates() {
        return int8.isPresent();
    }

    @Override
    public Optional<Calibrator> calibrator() {
        return int8.flatMap(Int8Recipe::calibrator);
    }

    @Override
    public Graph apply(Graph graph, Calibration calibration) {
        Graph reduced = reduce(graph);
        return int8.isPresent() ? int8.get().apply(reduced, calibration) : reduced;
    }

    @Override
    public Graph apply(Graph graph) {
        return calibrates() ? Recipe.super.apply(graph) : reduce(graph);
    }

    private Graph reduce(Graph graph) {
        Int8Recipe.checkReal(graph);
        return reduction.apply(Passes.simplify(graph));
    }

    @Override
    public String toString() {
        boolean structured = reduction instanceof ChannelPruning;
        String plain = structured ? "structured" : "prune";
        String quantized = structured ? "structured-int8" : "sparse-int8";
        return (int8.isEmpty() ? plain : quantized) + ":" + reduction + calibrator().map(known -> "," + known).orElse("");
    }
}
