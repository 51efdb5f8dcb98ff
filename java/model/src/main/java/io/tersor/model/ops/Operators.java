package io.tersor.model.ops;

import io.tersor.model.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** All operators by domain and name. */
public final class Operators {
    private static final Map<String, Operator> TABLE = table();

    /** Operators that only give a value another shape, which the executor does without touching the elements. */
    public static final Set<String> VIEWS =
            Set.of("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Dropout");

    /** Operators that move runs of elements, or compute on runs in loops that the JVM compiles to vectors. */
    public static final Set<String> RUNS = Set.of("Concat", "Split", "Slice", "Gather", "GatherND", "Expand", "Tile",
            "Pad", "CenterCropPad", "DepthToSpace", "SpaceToDepth", "Resize", "Upsample", "Cast", "CastLike", "Where");

    private Operators() {}

    private static Map<String, Operator> table() {
        Map<String, Operator> table = new HashMap<>();
        ShapeOps.register(table);
        UnaryOps.register(table);
        BinaryOps.register(table);
        MoveOps.register(table);
        ConvOps.register(table);
        PoolOps.register(table);
        MatMulOps.register(table);
        QuantOps.register(table);
        NormOps.register(table);
        ReduceOps.register(table);
        ConvTransposeOp.register(table);
        ResizeOp.register(table);
        RecurrentOps.register(table);
        AttentionOps.register(table);
        ScatterOps.register(table);
        FusedOps.register(table);
        SignalOps.register(table);
        FourierOps.register(table);
        SamplingOps.register(table);
        SelectOps.register(table);
        UnfoldOps.register(table);
        EinsumOp.register(table);
        LossOps.register(table);
        RoiPoolOp.register(table);
        StateOps.register(table);
        RandomOps.register(table);
        TfIdfOp.register(table);
        return Map.copyOf(table);
    }

    /** Returns the implementation of a node's operator, if there is one. */
    public static Optional<Operator> find(Node node) {
        return Optional.ofNullable(TABLE.get(node.operator()));
    }

    /** Returns the names of all operators, with their domain unless it is ONNX's own. */
    public static Set<String> names() {
        return new TreeSet<>(TABLE.keySet());
    }
}
