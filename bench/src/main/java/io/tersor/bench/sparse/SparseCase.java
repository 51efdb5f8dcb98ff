package io.tersor.bench.sparse;

import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.product.ProductShape;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.product.ShapeFile;
import io.tersor.bench.product.WeightZeros;
import io.tersor.sparse.SparseFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One product with weights that have zeros.
 *
 * @param format that the kernel is ordered to make use of
 * @param sparsity the share of zeros asked for, or that the format or the pattern has
 * @param pattern the name of the pattern that the zeros come from, if any
 * @param zeros where they are
 */
public record SparseCase(ProductShape shape, ProductTypes types, SparseFormat format, double sparsity,
        Optional<String> pattern, WeightZeros zeros) {
    private static final List<ShapeFile<? extends ProductShape>> LISTS = List.of(GemmShape.LISTS, ConvShape.LISTS);

    /** Returns the shapes of lists that come with the benchmark, or of files, each once. */
    public static List<ProductShape> shapes(List<String> namesOrFiles) {
        return namesOrFiles.stream().flatMap(file -> ShapeFile.readAny(LISTS, file).stream()).distinct().toList();
    }

    /** Returns the cases of all shapes, formats and sparsities, of which some formats have their own. */
    public static List<SparseCase> all(List<ProductShape> shapes, ProductTypes types, List<SparseFormat> formats,
            List<Double> sparsities) {
        List<SparseCase> cases = new ArrayList<>();
        for (ProductShape shape : shapes) {
            for (SparseFormat format : formats) {
                OptionalDouble own = Pruning.ownSparsity(format);
                for (double sparsity : own.isPresent() ? List.of(own.getAsDouble()) : sparsities) {
                    cases.add(new SparseCase(shape, types, format, sparsity, Optional.empty(),
                            new Pruning(format, sparsity)));
                }
            }
        }
        return cases;
    }

    @Override
    public String toString() {
        return pattern.map(name -> name + " ").orElse("") + shape + " " + types.label() + " " + format + " " + sparsity;
    }
}
