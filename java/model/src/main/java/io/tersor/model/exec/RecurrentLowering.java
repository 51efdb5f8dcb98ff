package io.tersor.model.exec;

import io.tersor.kernel.DynamicQuantizerSpec.Levels;
import io.tersor.kernel.MapSpec;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * RNN, GRU and LSTM with fixed weights, in either direction or both. A source of bytes meets weights of bytes. Those
 * that f32 states meet stay bytes too where that is faster: the states become fixed-point numbers of three bytes, as
 * exact as sums of f32 are.
 */
final class RecurrentLowering {
    private static final int[] CONSTANTS = {3, 7};
    private static final int QUANTIZED_SCALE = 8;
    private static final int INPUT_WEIGHTS_SCALE = 8;
    private static final int STATE_WEIGHTS_SCALE = 10;

    private final Node node;
    private final Lowering lowering;
    private final RecurrentCellSpec.Kind kind;
    private final Source source;
    private final RecurrentLayout layout;
    private final RecurrentWeights weights;

    /** What the operator reads. */
    private enum Source { REAL, QUANTIZED, DYNAMIC }

    private RecurrentLowering(Node node, Lowering lowering, RecurrentCellSpec.Kind kind, Source source) {
        this.node = node;
        this.lowering = lowering;
        this.kind = kind;
        this.source = source;
        this.layout = RecurrentLayout.of(lowering.context(node), kind.gates(), source == Source.DYNAMIC);
        this.weights = new RecurrentWeights(node, lowering, layout);
    }

    static void register(Map<String, KernelLowering> table) {
        for (RecurrentCellSpec.Kind kind : RecurrentCellSpec.Kind.values()) {
            table.put(kind.name(), (node, lowering) -> lowering.type(node.inputs().getFirst()).type() == DataType.F32
                    && new RecurrentLowering(node, lowering, kind, Source.REAL).lower());
            table.put(Node.INTERNAL + ".Q" + kind.name(),
                    (node, lowering) -> new RecurrentLowering(node, lowering, kind, Source.QUANTIZED).lower());
        }
        table.put(Node.INTERNAL + ".DynamicQuantizeLSTM", (node, lowering) -> new RecurrentLowering(node, lowering,
                RecurrentCellSpec.Kind.LSTM, Source.DYNAMIC).lower());
    }

    private boolean lower() {
        if (layout.hidden() == 0 || layout.batch() == 0 || !weights.areFixed(CONSTANTS)) {
            return false;
        }
        List<RecurrentRun.Direction> directions = new ArrayList<>();
        for (int direction = 0; direction < layout.directions(); direction++) {
            Optional<RecurrentRun.Direction> kernels = direction(direction);
            if (kernels.isEmpty()) {
                return false;
            }
            directions.add(kernels.get());
        }
        add(new RecurrentRun(layout, directions, source == Source.DYNAMIC));
        return true;
    }

    /** Prepares the kernels of one direction. */
    private Optional<RecurrentRun.Direction> direction(int direction) {
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
        Optional<Tensor> bias = weights.constant(3, direction);
        int rows = spec.columns();
        // One kernel for each pair of name and spec: both products of both directions may have the same.
        String name = node.name() + "/" + direction;
        Optional<RowProduct> input = input(name + "/x", direction, bias.map(b -> b.slice(0, 0, rows)));
        Optional<FixedWeights> r = stateWeights(direction);
        if (input.isEmpty() || r.isEmpty()) {
            return Optional.empty();
        }
        Optional<Tensor> rBias = bias.map(b -> b.slice(0, rows, rows));
        Optional<Tensor> peepholes = weights.constant(7, direction).filter(_ -> lstm);
        RecurrentCell cell = lowering.kernels.recurrentCell(named(name), spec, peepholes,
                node.input(7).stream().toList(), lowering.packing);
        if (kind != RecurrentCellSpec.Kind.GRU || resetAfter) {
            return Optional.of(new RecurrentRun.Direction(input.get(), state(name + "/h", r.get(), rBias),
                    Optional.empty(), cell));
        }
        int gates = 2 * hidden;
        return Optional.of(new RecurrentRun.Direction(input.get(),
                state(name + "/h", r.get().columns(0, gates), rBias.map(b -> b.slice(0, 0, gates))),
                Optional.of(state(name + "/n", r.get().columns(gates, hidden),
                        rBias.map(b -> b.slice(0, gates, hidden)))), cell));
    }

    /** Returns the product of all steps' inputs. */
    private Optional<RowProduct> input(String name, int direction, Optional<Tensor> bias) {
        long rows = (long) layout.steps() * layout.batch();
        DataType type = lowering.type(node.inputs().getFirst()).type();
        return switch (source) {
            case REAL -> weights.real(1, direction).map(w -> w.product(named(name), lowering, type,
                    QuantParams.IDENTITY, bias, rows));
            case QUANTIZED -> {
                Optional<FixedWeights> w = weights.bytes(1, direction);
                Optional<QuantParams> params = NodeParams.quantization(node, lowering, QUANTIZED_SCALE,
                        QUANTIZED_SCALE + 1, 0).filter(QuantParams::isPerTensor);
                yield params.flatMap(src -> w.map(fixed ->
                        fixed.product(named(name), lowering, type, src, bias, rows)));
            }
            case DYNAMIC -> weights.bytes(1, INPUT_WEIGHTS_SCALE, direction).filter(FixedWeights::fitsQuantizer)
                    .map(w -> w.product(named(name), lowering, Levels.BYTES, bias, rows));
        };
    }

    private Optional<FixedWeights> stateWeights(int direction) {
        if (source == Source.DYNAMIC) {
            return weights.bytes(2, STATE_WEIGHTS_SCALE, direction).filter(FixedWeights::fitsQuantizer);
        }
        return weights.bytes(2, direction).filter(FixedWeights::fitsQuantizer)
                .filter(r -> lowering.kernels.sumsBytesFast(r.fixedPointSpec(), layout.batch()))
                .or(() -> weights.real(2, direction));
    }

    /** Returns a product of a step's states. */
    private RowProduct state(String name, FixedWeights r, Optional<Tensor> bias) {
        return r.isReal() ? r.product(named(name), lowering, DataType.F32, QuantParams.IDENTITY, bias, layout.batch())
                : r.product(named(name), lowering, source == Source.DYNAMIC ? Levels.BYTES : Levels.FIXED_POINT, bias,
                        layout.batch());
    }

    private Node named(String name) {
        return new Node(name, node.opType(), node.domain(), node.inputs(), node.outputs(), node.attributes());
    }

    /** Adds the step, with room for products and states of one direction among its outputs. */
    private void add(RecurrentRun run) {
        int[] in = new int[RecurrentRun.INPUTS];
        int[] sources = {0, 4, 5, 6};
        for (int i = 0; i < in.length; i++) {
            in[i] = node.input(sources[i]).map(value -> lowering.plain(value, node.name())).orElse(-1);
        }
        int columns = kind.gates() * layout.hidden();
        Shape state = Shape.of(layout.batch(), layout.hidden());
        Shape[] shapes = {layout.all(), layout.state(), layout.state(),
            Shape.of((long) layout.steps() * layout.batch(), columns), Shape.of(layout.batch(), columns), state, state};
        int[] out = new int[shapes.length + 1];
        out[shapes.length] = run.workBytes() == 0 ? -1
                : lowering.plan.planned(new TensorType(DataType.U8, Shape.of(run.workBytes())));
        for (int i = 0; i < shapes.length; i++) {
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
