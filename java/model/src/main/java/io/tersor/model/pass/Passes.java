package io.tersor.model.pass;

import io.tersor.model.Graph;
import java.util.List;

/** The passes in the order in which they help each other. */
public final class Passes {
    private static final List<GraphPass> SIMPLIFY = List.of(new InlineBranches(), new FoldConstants(),
            new RemoveIdentities(), new FoldChannelScales(), new PoolReductions(), new HoistScales(),
            new RemoveDeadNodes());
    // What reads a value that nobody needs would hide that another node is the only one that does.
    private static final List<GraphPass> FUSE = List.of(new FuseLookups(), new FuseFunctions(), new FuseNormalizations(),
            new FuseAttention(), new RemoveDeadNodes(), new WidenHalves(), new SinkDequantize(), new FuseQuantized(),
            new FuseDynamicProducts(), new FuseRequantize(), new FuseActivations(), new RemoveDeadNodes(),
            new FuseResiduals(), new FuseQuantizedOperands(), new RemoveDeadNodes());

    private Passes() {}

    /**
     * Returns an equivalent graph of ONNX's own operators: branches decided, constants computed, what scales channels
     * folded into convolutions, means of images pooled, scales of attention in one place, operators that do nothing
     * removed. What compression starts from.
     */
    public static Graph simplify(Graph graph) {
        return apply(SIMPLIFY, graph);
    }

    /** Returns a simplified graph whose parts are to be executed, with ONNX Runtime's operators in ONNX's own. */
    public static Graph forParts(Graph graph) {
        return simplify(new TranslateContrib(false).apply(graph));
    }

    /** Returns an equivalent graph for execution, in which fused operators of our own domain may appear. */
    public static Graph forExecution(Graph graph) {
        return apply(FUSE, simplify(new TranslateContrib().apply(graph)));
    }

    private static Graph apply(List<GraphPass> passes, Graph graph) {
        Graph result = graph;
        for (GraphPass pass : passes) {
            result = pass.apply(result);
        }
        return result;
    }
}
