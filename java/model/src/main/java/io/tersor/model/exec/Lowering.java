package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.MoveBody;
import io.tersor.model.ops.OpContext;
import io.tersor.model.ops.Operators;
import io.tersor.model.ops.SharedBody;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.StridedMove;
import io.tersor.model.ops.TensorType;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * Turns a graph into the steps of a plan for inputs of fixed shapes.
 *
 * <p>Layout: a value may lie in memory as the graph has it (plain, images NCHW), as NHWC, or both. Kernels over images
 * ask for NHWC and give NHWC, elementwise operators take what is there, everything else asks for plain; a transpose is
 * made only when somebody asks for a layout that is not there yet, so that between kernels there is none.
 */
final class Lowering {
    static final int[] TO_NHWC = {0, 2, 3, 1};
    static final int[] TO_NCHW = {0, 3, 1, 2};
    /** Operators whose result has the zeros of the weights that they read. */
    private static final Set<String> KEEPS_ZEROS = Set.of("DequantizeLinear", "Transpose");

    final Kernels kernels;
    final PlanBuilder plan = new PlanBuilder();
    final Packing packing;
    private final Graph graph;
    private final GraphValues values;
    private final boolean observing;
    private final Map<String, Integer> plain = new HashMap<>();
    private final Map<String, Integer> nhwc = new HashMap<>();
    // What makes a value in NHWC at once where the graph's layout is not needed.
    private final Map<String, IntSupplier> directlyNhwc = new HashMap<>();

    /**
     * @param inputs the actual inputs, for plans that depend on their elements
     * @param observing whether every value is to be kept to the end, in the graph's layout
     */
    Lowering(Graph graph, Map<String, TensorType> types, Map<String, Tensor> inputs, Kernels kernels,
            boolean observing) {
        this.graph = graph;
        this.kernels = kernels;
        this.packing = Packing.of(kernels.mayOverlap());
        this.observing = observing;
        this.values = new GraphValues(graph, types, inputs);
        types.forEach((name, type) -> plain.put(name, plan.input(name, type)));
    }

    Plan plan() {
        try {
            Map<String, Integer> observed = new LinkedHashMap<>();
            try (packing) {
                lowerAll(observed);
            }
            Map<String, Tensor> key = new HashMap<>();
            values.inputsRead().forEach(name -> key.put(name, values.elements(name)));
            return plan.build(observing, observed, values.inputsRead(), key, packing.owned());
        } catch (ArithmeticException e) {
            packing.owned().forEach(Pending::close);
            throw new TersorException("graph " + graph.name() + ": extents overflow", e);
        } catch (RuntimeException e) {
            packing.owned().forEach(Pending::close);
            throw e;
        }
    }

    private void lowerAll(Map<String, Integer> observed) {
        if (observing) {
            graph.inputs().forEach(input -> observed.put(input.name(), plain(input.name(), "")));
        }
        for (Node node : graph.nodes()) {
            lower(node);
            for (String output : observing ? node.outputs() : List.<String>of()) {
                if (!output.isEmpty()) {
                    observed.put(output, plain(output, node.name()));
                }
            }
        }
        for (ValueInfo output : graph.outputs()) {
            plan.output(output.name(), plain(output.name(), output.name()));
        }
    }

    private void lower(Node node) {
        Computation computation = values.visit(node);
        if (node.outputs().stream().allMatch(output -> output.isEmpty() || values.isConstant(output))) {
            return;
        }
        if (lowerToKernel(node)) {
            return;
        }
        switch (computation.kind()) {
            case VIEW -> definePlain(node.output(), plan.view(plain(node.inputs().getFirst(), node.name()),
                    computation.outputs().getFirst()));
            case ELEMENTWISE -> {
                if (!elementwiseInNhwc(node)) {
                    general(node, computation);
                }
            }
            case GENERAL, SHAPE_ONLY, RANDOM -> general(node, computation);
            case KERNEL_ONLY -> throw new UnsupportedOperatorException(node, graph.opset(node),
                    "only with constant weights and parameters, one scale and zero point for each activation");
        }
    }

    private boolean lowerToKernel(Node node) {
        KernelLowering special = KernelLowering.TABLE.get(node.operator());
        try {
            return special != null && special.lower(node, this);
        } catch (OperandException e) {
            throw named(node, e);
        }
    }

    /** Returns a failure with its node: the checks of kernels' specs do not know it. */
    static TersorException named(Node node, OperandException e) {
        return e.getMessage().startsWith("node ") ? e
                : new TersorException("node " + node.name() + " (" + node.operator() + "): " + e.getMessage(), e);
    }

    private void general(Node node, Computation computation) {
        OptionalInt moved = move(node, computation, () -> plain(node.inputs().getFirst(), node.name()));
        if (moved.isPresent()) {
            definePlain(node.output(), moved.getAsInt());
            return;
        }
        int[] in = new int[node.inputs().size()];
        for (int i = 0; i < in.length; i++) {
            in[i] = node.inputs().get(i).isEmpty() ? -1 : plain(node.inputs().get(i), node.name());
        }
        int[] out = new int[node.outputs().size()];
        for (int i = 0; i < out.length; i++) {
            String output = node.outputs().get(i);
            out[i] = output.isEmpty() ? -1 : plan.planned(computation.outputs().get(i));
            if (out[i] >= 0) {
                definePlain(output, out[i]);
            }
        }
        boolean inPlace = computation.kind() == Computation.Kind.ELEMENTWISE && in.length == 1;
        plan.step(new Step(info(node, computation.outputs().getFirst()), in, out, inPlace ? 0 : -1,
                SharedBody.on(computation.body(), kernels.parallelism())));
    }

    /** Returns the slot of the result of a step that moves elements by a kernel, if that is all and there is one. */
    OptionalInt move(Node node, Computation computation, IntSupplier from) {
        Optional<Unary> kernel = computation.body() instanceof MoveBody body
                ? kernels.move(node, body.spec(), packing) : Optional.empty();
        if (kernel.isEmpty()) {
            return OptionalInt.empty();
        }
        int out = plan.planned(computation.outputs().getFirst());
        step(node, kernel.get(), new int[] {from.getAsInt()}, out, -1,
                (in, result) -> kernel.get().run(in[0], result[0]));
        return OptionalInt.of(out);
    }

    private StepInfo info(Node node, TensorType output) {
        Optional<String> note = node.inputs().stream().flatMap(input -> sparsity(input).stream()).findFirst()
                .flatMap(format -> SparseChoice.dense(format, "no kernel for the operator").note());
        return new StepInfo(node.name(), node.operator(), "java/" + node.opType().toLowerCase(Locale.ROOT),
                output.type(), output.shape(), note);
    }

    /** Runs an elementwise operator on NHWC images where that is what is there; other operands follow. */
    private boolean elementwiseInNhwc(Node node) {
        boolean wanted = false;
        for (String input : node.inputs()) {
            wanted |= isNhwcImage(input);
            if (!input.isEmpty() && !fitsNhwc(input)) {
                return false;
            }
        }
        if (!wanted) {
            return false;
        }
        int[] in = new int[node.inputs().size()];
        List<Optional<TensorType>> types = new ArrayList<>();
        for (int i = 0; i < in.length; i++) {
            String input = node.inputs().get(i);
            boolean image = !input.isEmpty() && type(input).shape().rank() == 4;
            in[i] = input.isEmpty() ? -1 : image ? nhwc(input, node.name()) : plain(input, node.name());
            types.add(input.isEmpty() ? Optional.empty() : Optional.of(plan.slot(in[i]).type()));
        }
        OpContext permuted = values.context(node).with(node, types);
        Computation computation = Operators.find(node).orElseThrow().prepare(permuted);
        int out = plan.planned(computation.outputs().getFirst());
        plan.step(new Step(info(node, computation.outputs().getFirst()), in, new int[] {out}, in.length == 1 ? 0 : -1,
                computation.body()));
        defineNhwc(node.output(), out);
        return true;
    }

    /** Returns whether a value may take part in an elementwise operation on NHWC images. */
    boolean fitsNhwc(String value) {
        Shape shape = type(value).shape();
        return (shape.rank() == 4 && !type(value).type().isPacked()) || shape.elements() == 1 && shape.rank() < 4;
    }

    /** Returns type and extents of a value in the graph's layout. */
    TensorType type(String value) {
        return values.type(value);
    }

    /** Returns the node that defines a value. */
    Optional<Node> producer(String value) {
        return graph.producer(value);
    }

    /** Returns how the zeros of weights are arranged, if the graph tells of them or of what they are made from. */
    Optional<SparseFormat> sparsity(String weights) {
        Optional<SparseFormat> own = Optional.ofNullable(graph.sparsity().get(weights));
        return own.or(() -> producer(weights).filter(node -> KEEPS_ZEROS.contains(node.operator()))
                .flatMap(node -> sparsity(node.inputs().getFirst())));
    }

    /** Returns the context of a node. */
    OpContext context(Node node) {
        return values.context(node);
    }

    /** Returns whether a value lies in memory as NHWC and not as the graph has it. */
    boolean isOnlyNhwc(String value) {
        return nhwc.containsKey(value) && !plain.containsKey(value);
    }

    /** Returns whether a value lies as NHWC alone and has those axes: not the result of a convolution of one axis. */
    boolean isNhwcImage(String value) {
        return isOnlyNhwc(value) && type(value).shape().rank() == 4;
    }

    /** Returns the elements of a value if they are the same in all runs. */
    Optional<Tensor> constant(String value) {
        return values.isConstant(value) ? Optional.of(values.elements(value)) : Optional.empty();
    }

    /**
     * Returns the elements of a value that is constant or comes straight from an input; the plan then serves equal
     * inputs only.
     */
    Optional<Tensor> fixed(String value) {
        boolean input = graph.inputs().stream().anyMatch(info -> info.name().equals(value));
        return values.isConstant(value) || input ? Optional.of(values.elements(value)) : Optional.empty();
    }

    /** Returns the slot of a value in the graph's layout, made for the given node if it is not there yet. */
    int plain(String value, String node) {
        Integer known = plain.get(value);
        if (known != null) {
            return known;
        }
        int slot;
        if (values.isConstant(value)) {
            slot = plan.constant(values.elements(value));
        } else {
            TensorType type = type(value);
            int from = nhwc.get(value);
            slot = sameOrder(type.shape()) ? plan.view(from, type)
                    : type.shape().rank() == 3 ? plan.view(transpose(node, from, images(type), TO_NCHW), type)
                    : transpose(node, from, type, TO_NCHW);
        }
        plain.put(value, slot);
        return slot;
    }

    /** Returns the slot of an image ([n, c, h, w], or [n, c, w] as one row) as NHWC. */
    int nhwc(String value, String node) {
        Integer known = nhwc.get(value);
        if (known != null) {
            return known;
        }
        IntSupplier direct = directlyNhwc.get(value);
        if (direct != null) {
            nhwc.put(value, direct.getAsInt());
            return nhwc.get(value);
        }
        TensorType type = type(value);
        TensorType images = images(type);
        TensorType to = new TensorType(type.type(), Shapes.permute(images.shape(), TO_NHWC));
        int from = plan.view(plain(value, node), images);
        int slot = sameOrder(type.shape()) ? plan.view(from, to) : transpose(node, from, to, TO_NHWC);
        nhwc.put(value, slot);
        return slot;
    }

    /** Adds a step that reorders axes, by a kernel where there is one. */
    int transpose(String node, int from, TensorType to, int... order) {
        TensorType type = plan.slot(from).type();
        Optional<Shape> matrices = type.type() == DataType.F32 || Quantization.isByte(type.type())
                ? Shapes.matrices(type.shape(), order) : Optional.empty();
        Node transpose = Node.of(node + "/transpose", "Transpose", List.of(), List.of(), Attributes.NONE);
        if (matrices.isEmpty()) {
            return permute(transpose, node, from, to, order);
        }
        TransposeSpec spec = new TransposeSpec(type.type());
        Unary kernel = kernels.unary(transpose, spec);
        Shape shape = spec.dstShape(matrices.get());
        int target = plan.planned(to);
        plan.step(new Step(new StepInfo(node, "Transpose", kernel.describe(), to.type(), to.shape()),
                new int[] {plan.view(from, new TensorType(type.type(), matrices.get()))}, new int[] {target}, -1,
                (in, out) -> kernel.run(in[0], out[0].reshape(shape))));
        return target;
    }

    private int permute(Node transpose, String node, int from, TensorType to, int... order) {
        Shape shape = plan.slot(from).type().shape();
        long[] own = shape.rowMajorStrides();
        StridedMove move = new StridedMove(to.type().bits() / 8, to.shape().dims(), 0,
                Arrays.stream(order).mapToLong(axis -> own[axis]).toArray(), 0, to.shape().rowMajorStrides());
        Optional<Unary> kernel = kernels.move(transpose, move.spec(to.type(), shape, to.shape()), packing);
        int target = plan.planned(to);
        plan.step(new Step(new StepInfo(node, "Transpose", kernel.map(Unary::describe).orElse("java/transpose"),
                to.type(), to.shape()), new int[] {from}, new int[] {target}, -1,
                kernel.<Computation.Body>map(unary -> (in, out) -> unary.run(in[0], out[0])).orElse(
                        (in, out) -> move.run(in[0].data(), out[0].data(), kernels.parallelism()))));
        return target;
    }

    private static TensorType images(TensorType type) {
        Shape shape = type.shape();
        return shape.rank() == 4 ? type
                : new TensorType(type.type(), Shape.of(shape.dim(0), shape.dim(1), 1, shape.dim(2)));
    }

    /** Whether the elements of an image lie in the same order in both layouts. */
    private static boolean sameOrder(Shape shape) {
        long pixels = shape.rank() == 4 ? shape.dim(2) * shape.dim(3) : shape.dim(2);
        return shape.dim(1) == 1 || pixels == 1;
    }

    void definePlain(String value, int slot) {
        plain.put(value, slot);
    }

    void defineNhwc(String value, int slot) {
        nhwc.put(value, slot);
    }

    /** Tells how a value that is defined as plain is made in NHWC without a transpose, if anybody asks for that. */
    void offerNhwc(String value, IntSupplier steps) {
        if (!sameOrder(type(value).shape())) {
            directlyNhwc.put(value, steps);
        }
    }

    /** Adds the step of a kernel. */
    void step(Node node, Kernel kernel, int[] in, int out, int inPlace, Computation.Body body) {
        step(node, kernel::describe, Optional.empty(), in, out, inPlace, body);
    }

    /** Adds the step of a kernel of weights that may still be in preparation. */
    void step(Node node, Pending<?> kernel, SparseChoice zeros, int[] in, int out, int inPlace,
            Computation.Body body) {
        step(node, () -> kernel.get().describe(), zeros.note(), in, out, inPlace, body);
    }

    private void step(Node node, Supplier<String> kernel, Optional<String> note, int[] in, int out, int inPlace,
            Computation.Body body) {
        TensorType type = plan.slot(out).type();
        plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), kernel.get(), type.type(), type.shape(),
                note), in, new int[] {out}, inPlace, body));
    }

    /** Adds a step of plain Java. */
    void step(Node node, String kernel, int[] in, int out, Computation.Body body) {
        TensorType type = plan.slot(out).type();
        plan.step(new Step(new StepInfo(node.name(), node.operator(), kernel, type.type(), type.shape()), in,
                new int[] {out}, -1, SharedBody.on(body, kernels.parallelism())));
    }
}
