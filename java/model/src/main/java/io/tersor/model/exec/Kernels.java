package io.tersor.model.exec;

import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The kernels of a network, each prepared once and shared by all plans. Those whose weights are not the graph's own
 * constants belong to one plan instead.
 */
final class Kernels implements AutoCloseable {
    private final Graph graph;
    private final NetworkOptions options;
    private final KernelRegistry registry;
    private final Map<Key, Kernel> shared = new HashMap<>();

    private record Key(String node, KernelSpec spec) {}

    Kernels(Graph graph, NetworkOptions options, KernelRegistry registry) {
        this.graph = graph;
        this.options = options;
        this.registry = registry;
    }

    /**
     * Returns a matrix multiplication.
     *
     * @param rows the rows of the plan that asks; for a shared kernel those of the first plan
     * @param constants the names of the graph's values that the weights and the bias come from
     * @param owned takes the kernel if it is the plan's own
     */
    MatMul matMul(Node node, MatMulSpec spec, long rows, Supplier<Tensor> weights, Supplier<Optional<Tensor>> bias,
            List<String> constants, List<Kernel> owned) {
        return keep(MatMul.class, node, spec, constants, owned, () -> product(node, spec,
                how -> registry.prepare(spec, weights.get(), bias.get(), how.rows(rows))));
    }

    /** Returns a convolution; see {@link #matMul}. */
    Conv2d conv(Node node, Conv2dSpec spec, Supplier<Tensor> weights, Supplier<Optional<Tensor>> bias,
            List<String> constants, List<Kernel> owned) {
        return keep(Conv2d.class, node, spec, constants, owned, () -> product(node, spec,
                how -> registry.prepare(spec, weights.get(), bias.get(), how)));
    }

    /** Returns a normalization; see {@link #matMul}. */
    LayerNorm layerNorm(Node node, LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, List<String> constants,
            List<Kernel> owned) {
        return keep(LayerNorm.class, node, spec, constants, owned,
                () -> registry.prepare(spec, scale, bias, preferred(spec)));
    }

    /** Returns an attention. */
    Attention attention(Node node, AttentionSpec spec) {
        return keep(Attention.class, node, spec, List.of(), List.of(),
                () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a product of two operands that change. */
    MatrixProduct matrixProduct(Node node, MatrixProductSpec spec) {
        return keep(MatrixProduct.class, node, spec, List.of(), List.of(),
                () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a sum. */
    Add add(Node node, AddSpec spec) {
        return keep(Add.class, node, spec, List.of(), List.of(),
                () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a kernel of one input and one output. */
    Unary unary(Node node, UnarySpec spec) {
        return keep(Unary.class, node, spec, List.of(), List.of(),
                () -> registry.prepare(spec, preferred(spec)));
    }

    /**
     * Returns whether a product with more in its epilogue than bounds runs where it would run without: on the ordered
     * backend, or on the one that is the fastest for the plain product.
     *
     * @param rows of a matrix product, for the order of the backends
     */
    boolean fuses(KernelSpec whole, KernelSpec plain, long rows) {
        if (options.backend().isPresent()) {
            return registry.refusal(options.backend().get(), whole).isEmpty();
        }
        PrepareOptions how = options.forKernels().rows(rows);
        return registry.explain(whole, how).backend() == registry.explain(plain, how).backend();
    }

    private interface Preparation<K> {
        K on(PrepareOptions how);
    }

    /** An order for a backend is followed or fails, and the failure names the node. */
    private <K> K product(Node node, KernelSpec spec, Preparation<K> preparation) {
        if (options.backend().isPresent()) {
            Backend backend = options.backend().get();
            Optional<String> refusal = registry.refusal(backend, spec);
            if (refusal.isPresent()) {
                throw new UnsupportedKernelException(backend.label(), "node " + node.name() + " " + spec,
                        refusal.get());
            }
        }
        return preparation.on(options.forKernels());
    }

    /** The ordered backend where it has the kernel, otherwise the fastest that has. */
    private PrepareOptions preferred(KernelSpec spec) {
        boolean follows = options.backend().isPresent()
                && registry.refusal(options.backend().get(), spec).isEmpty();
        return follows ? options.forKernels() : PrepareOptions.DEFAULT.with(options.parallelism());
    }

    private <K extends Kernel> K keep(Class<K> type, Node node, KernelSpec spec, List<String> constants,
            List<Kernel> owned, Supplier<K> preparation) {
        boolean shareable = constants.stream().allMatch(value -> graph.initializer(value).isPresent());
        if (!shareable) {
            K kernel = preparation.get();
            owned.add(kernel);
            return kernel;
        }
        Kernel known = shared.computeIfAbsent(new Key(node.name(), spec), _ -> preparation.get());
        return type.cast(known);
    }

    static void closeAll(List<Kernel> kernels) {
        kernels.forEach(Kernel::close);
    }

    @Override
    public void close() {
        shared.values().forEach(Kernel::close);
    }
}
