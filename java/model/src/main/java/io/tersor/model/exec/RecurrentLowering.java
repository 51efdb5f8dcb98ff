package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.RecurrentLayout;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** RNN, GRU and LSTM in f32 with fixed weights, in either direction or both. */
final class RecurrentLowering {
    private RecurrentLowering() {}

    static void register(Map<String, KernelLowering> table) {
        for (RecurrentCellSpec.Kind kind : RecurrentCellSpec.Kind.values()) {
            table.put(kind.name(), (node, lowering) -> lower(node, lowering, kind));
        }
    }

    private static boolean lower(Node node, Lowering lowering, RecurrentCellSpec.Kind kind) {
        if (lowering.type(node.inputs().getFirst()).type() != DataType.F32) {
            return false;
        }
        RecurrentLayout layout = RecurrentLayout.of(lowering.context(node), kind.gates());
        List<Integer> constants = List.of(1, 2, 3, 7);
        boolean fixed = constants.stream().allMatch(input -> node.input(input).isEmpty()
                || lowering.fixed(node.inputs().get(input)).isPresent());
        if (!fixed || layout.hidden() == 0 || layout.batch() == 0) {
            return false;
        }
        List<RecurrentRun.Direction> directions = new ArrayList<>();
        for (int direction = 0; direction < layout.directions(); direction++) {
            directions.add(direction(node, lowering, kind, layout, direction));
        }
        add(node, lowering, kind, new RecurrentRun(layout, directions));
        return true;
    }

    /** Prepares the kernels of one direction. */
    private static RecurrentRun.Direction direction(Node node, Lowering lowering, RecurrentCellSpec.Kind kind,
            RecurrentLayout layout, int direction) {
        boolean resetAfter = kind == RecurrentCellSpec.Kind.GRU
                && node.attributes().integer("linear_before_reset", 0) != 0;
        boolean lstm = kind == RecurrentCellSpec.Kind.LSTM;
        int hidden = layout.hidden();
        List<MapSpec> functions = layout.activations().get(direction);
        RecurrentCellSpec spec = new RecurrentCellSpec(kind, hidden, functions.getFirst(),
                functions.get(Math.min(1, functions.size() - 1)), functions.getLast(),
                node.attributes().real("clip", Float.POSITIVE_INFINITY),
                lstm && node.attributes().integer("input_forget", 0) != 0, resetAfter,
                lstm && node.input(7).isPresent());
        Optional<Tensor> peepholes = constant(node, lowering, 7, direction).filter(_ -> lstm);
        Tensor w = constant(node, lowering, 1, direction).orElseThrow();
        Tensor r = constant(node, lowering, 2, direction).orElseThrow();
        Optional<Tensor> bias = constant(node, lowering, 3, direction);
        int rows = spec.columns();
        Optional<Tensor> wBias = bias.map(b -> b.slice(0, 0, rows));
        Optional<Tensor> rBias = bias.map(b -> b.slice(0, rows, rows));
        // One kernel for each pair of name and spec: both products of both directions may have the same.
        String name = node.name() + "/" + direction;
        Pending<MatMul> input = product(node, name + "/x", lowering, w, wBias, (long) layout.steps() * layout.batch());
        RecurrentCell cell = lowering.kernels.recurrentCell(named(node, name), spec, peepholes,
                node.input(7).stream().toList(), lowering.packing);
        if (kind != RecurrentCellSpec.Kind.GRU || resetAfter) {
            return new RecurrentRun.Direction(input, product(node, name + "/h", lowering, r, rBias, layout.batch()),
                    Optional.empty(), cell);
        }
        int gates = 2 * hidden;
        return new RecurrentRun.Direction(input,
                product(node, name + "/h", lowering, r.slice(0, 0, gates), rBias.map(b -> b.slice(0, 0, gates)),
                        layout.batch()),
                Optional.of(product(node, name + "/n", lowering, r.slice(0, gates, hidden),
                        rBias.map(b -> b.slice(0, gates, hidden)), layout.batch())), cell);
    }

    private static Node named(Node node, String name) {
        return new Node(name, node.opType(), node.domain(), node.inputs(), node.outputs(), node.attributes());
    }

    /** Returns one direction's part of a constant, without the axis of directions. */
    private static Optional<Tensor> constant(Node node, Lowering lowering, int input, int direction) {
        return node.input(input).flatMap(lowering::fixed).map(tensor -> {
            Shape rest = Shape.of(Arrays.copyOfRange(tensor.shape().dims(), 1, tensor.shape().rank()));
            return tensor.slice(0, direction, 1).reshape(rest);
        });
    }

    /** Returns the product with weights [n, k]. */
    private static Pending<MatMul> product(Node node, String name, Lowering lowering, Tensor weights,
            Optional<Tensor> bias, long rows) {
        MatMulSpec spec = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, weights.shape().dim(1),
                weights.shape().dim(0), QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY,
                bias.isPresent() ? Bias.F32 : Bias.NONE, Activation.NONE);
        List<String> constants = new ArrayList<>(node.inputs().subList(1, 3));
        node.input(3).ifPresent(constants::add);
        return lowering.kernels.matMul(named(node, name), spec, Math.max(1, rows), () -> weights.permute(1, 0),
                () -> bias, constants, lowering.packing);
    }

    /** Adds the step, with room for products and states of one direction among its outputs. */
    private static void add(Node node, Lowering lowering, RecurrentCellSpec.Kind kind, RecurrentRun run) {
        RecurrentLayout layout = run.layout();
        int[] in = new int[RecurrentRun.INPUTS];
        int[] sources = {0, 4, 5, 6};
        for (int i = 0; i < in.length; i++) {
            in[i] = node.input(sources[i]).map(value -> lowering.plain(value, node.name())).orElse(-1);
        }
        int columns = kind.gates() * layout.hidden();
        Shape state = Shape.of(layout.batch(), layout.hidden());
        Shape[] shapes = {layout.all(), layout.state(), layout.state(),
            Shape.of((long) layout.steps() * layout.batch(), columns), Shape.of(layout.batch(), columns), state, state};
        int[] out = new int[shapes.length];
        for (int i = 0; i < out.length; i++) {
            boolean result = i < RecurrentRun.RESULTS;
            boolean wanted = !result || i < node.outputs().size() && !node.outputs().get(i).isEmpty();
            out[i] = wanted ? lowering.plan.planned(new TensorType(DataType.F32, shapes[i])) : -1;
            if (result && wanted) {
                lowering.definePlain(node.outputs().get(i), out[i]);
            }
        }
        Optional<String> note = node.input(2).flatMap(lowering::sparsity)
                .flatMap(format -> SparseChoice.dense(format, "recurrent layers take all weights").note());
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), run.describe(), DataType.F32,
                layout.all(), note), in, out, -1, run));
    }
}
