package io.tersor.compress;

import io.tersor.model.Graph;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How the zeros of a network's weights are arranged, layer by layer, found by looking at them. */
public record SparsityReport(List<Layer> layers) {
    /** The units of which each layer tells the density. */
    public static final List<SparseFormat> UNITS = List.of(SparseFormat.CSR, SparseFormat.block(1, 4),
            SparseFormat.block(4, 1), SparseFormat.block(16, 4), SparseFormat.block(32, 4));
    /** From the coarsest: what saves most beside the entries. */
    private static final List<SparseFormat> BLOCKS = List.of(SparseFormat.block(32, 4), SparseFormat.block(16, 4),
            SparseFormat.block(4, 1), SparseFormat.block(1, 4));
    private static final List<SparseFormat> COUNTS = List.of(SparseFormat.nOfM(1, 4), SparseFormat.nOfM(2, 4));
    /** Blocks that are emptier than that are not what made the zeros; quantization makes some entries zero, too. */
    private static final double LEAST_FULL = 0.75;
    private static final double LEAST_IN_UNITS = 0.45;
    private static final double LEAST_IN_ENTRIES = 0.7;

    /** Copies the list. */
    public SparsityReport {
        layers = List.copyOf(layers);
    }

    /**
     * The weights of one product.
     *
     * @param weights the name of the constant
     * @param type f32 or s8
     * @param shape as the graph stores them
     * @param densities the share of units that hold an element other than zero, for each of {@link #UNITS}; the key of
     *     single entries is {@link SparseFormat#CSR}
     * @param nOfM 1:4 or 2:4, the smaller if both hold; empty if neither does, or there are fewer than 4 inputs
     * @param marked how the graph says that the zeros are arranged
     */
    public record Layer(String node, String weights, DataType type, Shape shape, Map<SparseFormat, Double> densities,
            Optional<SparseFormat> nOfM, Optional<SparseFormat> marked) {
        /** Returns the share of elements other than zero. */
        public double density() {
            return densities.get(SparseFormat.CSR);
        }

        /**
         * Returns the format that these zeros are likely to have been made in: the coarsest blocks of which
         * 45 % are zero and the others three quarters full; otherwise n of m; otherwise single entries where 70 % are
         * zero: {@link SparseFormat#BITMASK} for s8, {@link SparseFormat#CSR} for f32. Empty where zeros are too few.
         */
        public Optional<SparseFormat> detected() {
            return detected(type);
        }

        /** Returns the format for weights that are going to have another type. */
        Optional<SparseFormat> detected(DataType values) {
            double zeros = 1 - density();
            for (SparseFormat block : BLOCKS) {
                double blocks = densities.get(block);
                if (1 - blocks >= LEAST_IN_UNITS && density() >= LEAST_FULL * blocks) {
                    return Optional.of(block);
                }
            }
            if (nOfM.isPresent() && zeros >= LEAST_IN_UNITS) {
                return nOfM;
            }
            return zeros < LEAST_IN_ENTRIES ? Optional.empty()
                    : Optional.of(values == DataType.S8 ? SparseFormat.BITMASK : SparseFormat.CSR);
        }
    }

    /** Looks at the constant weights of all products of a graph, f32 and s8. */
    public static SparsityReport of(Graph graph) {
        return new SparsityReport(WeightLayer.of(graph).stream().map(layer -> of(graph, layer)).toList());
    }

    static Layer of(Graph graph, WeightLayer layer) {
        float[] elements = layer.elements();
        Map<SparseFormat, Double> densities = new LinkedHashMap<>();
        for (SparseFormat unit : UNITS) {
            densities.put(unit, unit instanceof SparseFormat.Block(int rows, int columns)
                    ? layer.grid(rows, columns).density(elements) : layer.grid(1, 1).density(elements));
        }
        Optional<SparseFormat> nOfM = COUNTS.stream()
                .filter(format -> format instanceof SparseFormat.NOfM pattern && pattern.holds(elements, layer.inputs()))
                .filter(_ -> layer.inputs() >= 4).findFirst();
        return new Layer(layer.node().name(), layer.weights(), layer.values().type(), layer.values().shape(), densities,
                nOfM, Optional.ofNullable(graph.sparsity().get(layer.weights())));
    }
}
