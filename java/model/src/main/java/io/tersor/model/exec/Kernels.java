package io.tersor.model.exec;

import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.Isa;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendChoice;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.model.Graph;
import io.tersor.model.NetworkOptions;
import io.tersor.model.Node;
import io.tersor.quant.QuantParams;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The kernels of a network, each prepared once and shared by all plans. Those whose weights are not the graph's own
 * constants belong to one plan instead.
 */
final class Kernels implements AutoCloseable {
    private final Graph graph;
    private final NetworkOptions options;
    private final KernelRegistry registry;
    private final Map<Key, Pending<?>> shared = new HashMap<>();
    private final Map<String, Boolean> holds = new HashMap<>();

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
     * @param packing prepares it, and keeps it if it is the plan's own
     */
    Pending<MatMul> matMul(Node node, MatMulSpec spec, long rows, Supplier<Tensor> weights,
            Supplier<Optional<Tensor>> bias, List<String> constants, Packing packing) {
        checkOrder(node, spec);
        return keep(node, spec, constants, packing, () -> registry.prepare(spec, weights.get(), bias.get(),
                options.forKernels().rows(rows)));
    }

    /** Returns a convolution; see {@link #matMul}, its rows are the pixels of the result. */
    Pending<Conv2d> conv(Node node, Conv2dSpec spec, long rows, Supplier<Tensor> weights, Supplier<Optional<Tensor>> bias,
            List<String> constants, Packing packing) {
        checkOrder(node, spec);
        return keep(node, spec, constants, packing,
                () -> registry.prepare(spec, weights.get(), bias.get(), options.forKernels().rows(rows)));
    }

    /** Returns a normalization; see {@link #matMul}. */
    LayerNorm layerNorm(Node node, LayerNormSpec spec, Tensor scale, Optional<Tensor> bias, List<String> constants,
            Packing packing) {
        return keep(node, spec, constants, packing.direct(),
                () -> registry.prepare(spec, scale, bias, preferred(spec))).get();
    }

    /** Returns a step of a recurrent layer; see {@link #matMul}. */
    RecurrentCell recurrentCell(Node node, RecurrentCellSpec spec, Optional<Tensor> peepholes, List<String> constants,
            Packing packing) {
        return keep(node, spec, constants, packing.direct(),
                () -> registry.prepare(spec, peepholes, preferred(spec))).get();
    }

    /**
     * Returns whether three rows of bytes are multiplied sooner than one of f32: with instructions for sums of bytes,
     * by backends that use them. With 512x2048 weights that takes 0.44 of the time for one row, 0.8 for 64 (Zen 4); on
     * AVX2 without such instructions 1.1.
     */
    boolean sumsBytesFast(MatMulSpec spec, long rows) {
        Backend backend = options.backend()
                .orElseGet(() -> registry.explain(spec, options.forKernels().rows(rows)).backend());
        return (backend == Backend.NATIVE || backend == Backend.ONEDNN) && Isa.used().compareTo(Isa.AVX2_VNNI) >= 0;
    }

    /** Returns the quantization around a product; see {@link #matMul}. */
    Pending<DynamicQuantizer> dynamicQuantizer(Node node, DynamicQuantizerSpec spec, QuantParams weights,
            Supplier<Tensor> columnSums, Supplier<Optional<Tensor>> bias, List<String> constants, Packing packing) {
        return keep(node, spec, constants, packing,
                () -> registry.prepare(spec, weights, columnSums.get(), bias.get(), preferred(spec)));
    }

    /** Returns the quantization in front of products that share it. */
    DynamicQuantizer dynamicQuantizer(Node node, DynamicQuantizerSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns an attention. */
    Attention attention(Node node, AttentionSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a product of two operands that change. */
    MatrixProduct matrixProduct(Node node, MatrixProductSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns an operation of two tensors. */
    Binary binary(Node node, BinarySpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a choice between two operands. */
    Select select(Node node, SelectSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    Interpolate interpolate(Node node, InterpolateSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a sum. */
    Add add(Node node, AddSpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /** Returns a kernel of one input and one output. */
    Unary unary(Node node, UnarySpec spec) {
        return keep(node, spec, () -> registry.prepare(spec, preferred(spec)));
    }

    /**
     * Returns whether the ordered backend, or else another than the scalar one, has a kernel: Java's loops are faster.
     */
    boolean isBeyondJava(KernelSpec spec) {
        Backend backend = backend(spec);
        return backend != Backend.SCALAR && registry.refusal(backend, spec).isEmpty();
    }

    /** Returns whether a spec runs on a backend, if on the ordered one. */
    boolean runsOn(Backend backend, KernelSpec spec) {
        return backend(spec) == backend && registry.refusal(backend, spec).isEmpty();
    }

    private Backend backend(KernelSpec spec) {
        return options.backend().orElseGet(() -> registry.explain(spec, options.forKernels()).backend());
    }

    /**
     * Returns a kernel for a move, on the ordered backend if that has it; none where Java does it as well: where only the
     * scalar backend has it. It belongs to the plan, whose shapes are in its spec.
     */
    Optional<Unary> move(Node node, UnarySpec spec, Packing packing) {
        return !isBeyondJava(spec) ? Optional.empty() : Optional.of(packing.direct().own(node,
                () -> registry.prepare(spec, options.forKernels())).get());
    }

    /**
     * Returns whether a product with more in its epilogue than bounds runs where it would run without: on the ordered
     * backend, or on the one that is the fastest for the plain product.
     *
     * @param rows of the product, for the order of the backends
     */
    boolean fuses(KernelSpec whole, KernelSpec plain, long rows) {
        if (options.backend().isPresent()) {
            return registry.refusal(options.backend().get(), whole).isEmpty();
        }
        PrepareOptions how = options.forKernels().rows(rows);
        return registry.explain(whole, how).backend() == registry.explain(plain, how).backend();
    }

    /**
     * Returns what becomes of an order to make use of zeros: it is followed where a backend faster than the scalar one
     * does (or where there is no faster one for dense weights either, or the ordered one does).
     *
     * @param asked the graph's mark, if there is one
     * @param weights as [outputs, ..., inputs]
     * @param spec returns the product's spec for a format
     */
    SparseChoice sparsity(Node node, Optional<SparseFormat> asked, QuantParams params, Supplier<Tensor> weights,
            Function<Optional<SparseFormat>, KernelSpec> spec, long rows) {
        if (asked.isEmpty()) {
            return SparseChoice.NONE;
        }
        if (!options.sparse()) {
            return SparseChoice.dense(asked.get(), "ordered");
        }
        if (!params.isSymmetric()) {
            return SparseChoice.dense(asked.get(), "a zero point other than 0");
        }
        if (!holds.computeIfAbsent(node.name(), _ -> SparseChoice.holds(asked.get(), weights.get()))) {
            return SparseChoice.dense(asked.get(), "the weights have more entries than that");
        }
        if (options.backend().isPresent()) {
            return registry.refusal(options.backend().get(), spec.apply(asked))
                    .map(refusal -> SparseChoice.dense(asked.get(), options.backend().get().label() + ": " + refusal))
                    .orElse(SparseChoice.of(asked));
        }
        PrepareOptions how = options.forKernels().rows(rows);
        BackendChoice sparse = registry.explain(spec.apply(asked), how);
        boolean slow = sparse.backend() == Backend.SCALAR
                && registry.explain(spec.apply(Optional.empty()), how).backend() != Backend.SCALAR;
        return slow ? SparseChoice.dense(asked.get(), sparse.passedOver()) : SparseChoice.of(asked);
    }

    /** An order for a backend is followed or fails, and the failure names the node. */
    private void checkOrder(Node node, KernelSpec spec) {
        if (options.backend().isPresent()) {
            Backend backend = options.backend().get();
            Optional<String> refusal = registry.refusal(backend, spec);
            if (refusal.isPresent()) {
                throw new UnsupportedKernelException(backend.label(), "node " + node.name() + " " + spec,
                        refusal.get());
            }
        }
    }

    /** The ordered backend where it has the kernel, otherwise the fastest that has. */
    private PrepareOptions preferred(KernelSpec spec) {
        boolean follows = options.backend().isPresent()
                && registry.refusal(options.backend().get(), spec).isEmpty();
        return follows ? options.forKernels() : PrepareOptions.DEFAULT.with(options.parallelism());
    }

    /** Returns a kernel without constants. */
    private <K extends Kernel> K keep(Node node, KernelSpec spec, Supplier<K> preparation) {
        return keep(node, spec, List.of(), Packing.DIRECT, preparation).get();
    }

    private <K extends Kernel> Pending<K> keep(Node node, KernelSpec spec, List<String> constants, Packing packing,
            Supplier<K> preparation) {
        boolean shareable = constants.stream().allMatch(value -> graph.initializer(value).isPresent());
        if (!shareable) {
            return packing.own(node, preparation);
        }
        // The spec is part of the key, so that the kernel is of its kind.
        @SuppressWarnings("unchecked")
        Pending<K> known = (Pending<K>) shared.compute(new Key(node.name(), spec),
                (_, before) -> before == null || before.hasFailed() ? packing.start(node, preparation) : before);
        return known;
    }

    /** Returns the threads that a run may use. */
    Parallelism parallelism() {
        return options.parallelism();
    }

    /** Returns whether kernels may be prepared side by side: not where they are timed. */
    boolean mayOverlap() {
        return !options.tune();
    }

    @Override
    public void close() {
        shared.values().forEach(Pending::close);
    }
}
