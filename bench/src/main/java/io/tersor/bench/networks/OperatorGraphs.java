package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.LongStream;

/** Graphs of one operator each, of the sizes that networks have it in, by a name that tells operator and size. */
public final class OperatorGraphs extends SingleNodes {
    private static final int OPSET = 18;

    private OperatorGraphs() {
        super(OPSET);
        functions();
        operations();
        reductions();
        moves();
        largeMoves();
        images();
        grouped();
        recurrent("LSTM", 4);
        recurrent("GRU", 3);
        recurrent("RNN", 1);
        graphs.putAll(IndexedGraphs.all());
        graphs.putAll(VisionGraphs.all());
        graphs.putAll(FlowGraphs.all());
    }

    /** Returns all graphs in their order. */
    public static Map<String, Graph> all() {
        return new OperatorGraphs().graphs;
    }

    /** Adds a graph of one node over the magnitudes of an image, as numbers below 0 would give none. */
    private void ofMagnitudes(String operator, String detail, Tensor... constants) {
        GraphBuilder graph = Graph.builder(operator.toLowerCase(Locale.ROOT), OPSET);
        graph.input(f32(IMAGE));
        graph.node(Node.of("magnitudes", "Abs", List.of("x"), List.of("m"), Attributes.NONE));
        List<String> names = new ArrayList<>(List.of("m"));
        for (Tensor constant : constants) {
            names.add(graph.constant("c" + names.size(), constant));
        }
        graph.node(Node.of("node", operator, names, List.of("y"), Attributes.NONE));
        graph.output(new ValueInfo("y", DataType.F32, Optional.empty()));
        graphs.put(operator + " of Abs " + IMAGE + (detail.isEmpty() ? "" : " " + detail), graph.build());
    }

    private void functions() {
        for (String name : List.of("Relu", "HardSwish", "Sigmoid", "Tanh", "Erf", "Exp", "Softplus", "Elu",
                "LeakyRelu", "HardSigmoid", "Abs",
                "Neg", "Floor", "Ceil", "Round", "Reciprocal", "Sign", "Sin", "Cos", "Tan", "Atan", "Sinh", "Cosh")) {
            one(name, IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        }
    }

    private void operations() {
        ofMagnitudes("Sqrt", "");
        ofMagnitudes("Log", "");
        for (String name : List.of("Add", "Mul")) {
            one(name, IMAGE + " twice", DataType.F32, Attributes.NONE,
                    List.of(input("a", DataType.F32, IMAGE), input("b", DataType.F32, IMAGE)));
        }
        for (String name : List.of("Add", "Mul", "Div", "Max", "Min", "PRelu")) {
            one(name, IMAGE + " with 64x1x1", DataType.F32, Attributes.NONE, List.of(
                    input("a", DataType.F32, IMAGE), normal(64, 1, 1)));
        }
        for (float exponent : new float[] {2, 3, 0.5f, 1.7f}) {
            ofMagnitudes("Pow", "by " + exponent, floats(exponent));
        }
        ofMagnitudes("Pow", "with 64x1x1", normal(64, 1, 1));
        one("Mod", IMAGE + " by 0.7", DataType.F32, Attributes.NONE.with("fmod", 1), List.of(f32(IMAGE), floats(0.7f)));
        one("Greater", IMAGE + " twice", DataType.BOOL, Attributes.NONE,
                List.of(input("a", DataType.F32, IMAGE), input("b", DataType.F32, IMAGE)));
        one("Where", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(input("c", DataType.BOOL, IMAGE),
                input("a", DataType.F32, IMAGE), floats(0)));
        one("Cast", "s64 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.S64, IMAGE)));
        one("Where", "1x12x128x128 with 1x1x128x128", DataType.F32, Attributes.NONE,
                List.of(input("c", DataType.BOOL, Shape.of(1, 1, 128, 128)),
                        input("a", DataType.F32, Shape.of(1, 12, 128, 128)), floats(-10000)));
        one("Cast", "s32 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.S32,
                IMAGE)));
        one("Cast", "u8 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.U8, IMAGE)));
        one("Cast", "bool to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.BOOL,
                IMAGE)));
        one("Cast", "f32 to f16", DataType.F16, Attributes.NONE.with("to", 10), List.of(f32(IMAGE)));
        one("Cast", "f16 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.F16,
                IMAGE)));
        one("Cast", "f32 to s64", DataType.S64, Attributes.NONE.with("to", 7), List.of(f32(IMAGE)));
        one("Cast", "f32 to s32", DataType.S32, Attributes.NONE.with("to", 6), List.of(f32(IMAGE)));
    }

    private void reductions() {
        for (String name : List.of("ReduceMean", "ReduceMax", "ReduceL2")) {
            one(name, TOKENS + " last axis", DataType.F32, Attributes.NONE, List.of(f32(TOKENS), longs(-1)));
            one(name, IMAGE + " axes 2 3", DataType.F32, Attributes.NONE, List.of(f32(IMAGE), longs(2, 3)));
            one(name, IMAGE + " axis 1", DataType.F32, Attributes.NONE, List.of(f32(IMAGE), longs(1)));
        }
        one("Softmax", "1x21x64x64 axis 1", DataType.F32, Attributes.NONE.with("axis", 1), List.of(
                f32(Shape.of(1, 21, 64, 64))));
        one("Softmax", "1x12x128x128", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1, 12, 128, 128))));
        one("ArgMax", "128x1000", DataType.S64, Attributes.NONE.with("axis", 1), List.of(f32(Shape.of(128, 1000))));
        one("ArgMax", "1x21x64x64 axis 1", DataType.S64, Attributes.NONE.with("axis", 1),
                List.of(f32(Shape.of(1, 21, 64, 64))));
        one("TopK", "8x8400 by 300", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(8, 8400)), longs(300)));
        one("TopK", "128x1000 by 5", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(128, 1000)), longs(5)));
        one("CumSum", TOKENS + " axis 1", DataType.F32, Attributes.NONE, List.of(f32(TOKENS), longs(1)));
        one("CumSum", "128x1000 axis 1", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(128, 1000)), longs(1)));
        one("LayerNormalization", TOKENS.toString(), DataType.F32, Attributes.NONE,
                List.of(f32(TOKENS), normal(768), normal(768)));
        one("LogSoftmax", "128x1000", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(128, 1000))));
        one("InstanceNormalization", IMAGE.toString(), DataType.F32, Attributes.NONE,
                List.of(f32(IMAGE), normal(64), normal(64)));
        one("GroupNormalization", IMAGE + " by 8", DataType.F32, Attributes.NONE.with("num_groups", 8),
                List.of(f32(IMAGE), normal(8), normal(8)));
        one("LRN", IMAGE + " 5", DataType.F32, Attributes.NONE.with("size", 5), List.of(f32(IMAGE)));
        one("Einsum", "bij,bjk->bik 12x128x64", DataType.F32, Attributes.NONE.with("equation", "bij,bjk->bik"),
                List.of(input("a", DataType.F32, Shape.of(12, 128, 64)),
                        input("b", DataType.F32, Shape.of(12, 64, 128))));
    }

    /** Moves of more than caches hold, or of single elements. */
    private void largeMoves() {
        one("Gather", "30000x256 by 8192", DataType.F32, Attributes.NONE,
                List.of(normal(30000, 256), input("i", DataType.S64, Shape.of(8192))));
        one("Transpose", "1024x2048 1 0", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1024, 2048))));
        one("Concat", IMAGE + " twice axis 3", DataType.F32, Attributes.NONE.with("axis", 3),
                List.of(input("a", DataType.F32, IMAGE), input("b", DataType.F32, IMAGE)));
        one("Slice", IMAGE + " axes 2 3 step 2", DataType.F32, Attributes.NONE,
                List.of(f32(IMAGE), longs(0, 0), longs(56, 56), longs(2, 3), longs(2, 2)));
        one("Expand", "128x768x1 to 128x768x16", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(128, 768, 1)), longs(128, 768, 16)));
        one("OneHot", "128 of 1000", DataType.F32, Attributes.NONE,
                List.of(input("i", DataType.S64, Shape.of(128)), longs(1000), floats(0, 1)));
        one("ScatterND", "1000x768 by 128", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1000, 768)),
                Tensor.ofLongs(arena, Shape.of(128, 1), LongStream.range(0, 128).map(i -> i * 7).toArray()),
                input("u", DataType.F32, Shape.of(128, 768))));
    }

    private void moves() {
        one("Transpose", "1x128x12x64 0 2 1 3", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 1, 3}),
                List.of(f32(Shape.of(1, 128, 12, 64))));
        one("Transpose", IMAGE + " 0 2 3 1", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 3, 1}),
                List.of(f32(IMAGE)));
        one("Transpose", IMAGE + " 0 2 3 1 u8", DataType.U8, Attributes.NONE.with("perm", new long[] {0, 2, 3, 1}),
                List.of(input("x", DataType.U8, IMAGE)));
        one("Concat", IMAGE + " twice", DataType.F32, Attributes.NONE.with("axis", 1),
                List.of(input("a", DataType.F32, IMAGE), input("b", DataType.F32, IMAGE)));
        one("Split", IMAGE + " axis 1", DataType.F32, Attributes.NONE.with("axis", 1).with("num_outputs", 2),
                List.of(f32(IMAGE)));
        one("Slice", IMAGE + " axis 3", DataType.F32, Attributes.NONE, List.of(f32(IMAGE), longs(1), longs(55), longs(3)));
        one("Gather", "30000x256 by 128", DataType.F32, Attributes.NONE,
                List.of(normal(30000, 256), input("i", DataType.S64, Shape.of(128))));
        one("Pad", IMAGE.toString(), DataType.F32, Attributes.NONE,
                List.of(f32(IMAGE), longs(0, 0, 1, 1, 0, 0, 1, 1)));
        one("Pad", IMAGE + " reflect", DataType.F32, Attributes.NONE.with("mode", "reflect"),
                List.of(f32(IMAGE), longs(0, 0, 1, 1, 0, 0, 1, 1)));
        one("Expand", "64x1x1 to " + IMAGE, DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(64, 1, 1)), longs(1, 64, 56, 56)));
        one("Tile", "1x64x28x28 by 1x1x2x2", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(1, 64, 28, 28)), longs(1, 1, 2, 2)));
        one("DepthToSpace", IMAGE + " by 2", DataType.F32, Attributes.NONE.with("blocksize", 2), List.of(f32(IMAGE)));
        one("SpaceToDepth", IMAGE + " by 2", DataType.F32, Attributes.NONE.with("blocksize", 2), List.of(f32(IMAGE)));
    }

    private void images() {
        Attributes window = Attributes.NONE.with("kernel_shape", new long[] {3, 3}).with("strides", new long[] {2, 2})
                .with("pads", new long[] {1, 1, 1, 1});
        one("MaxPool", IMAGE + " 3x3 s2", DataType.F32, window, List.of(f32(IMAGE)));
        one("AveragePool", IMAGE + " 3x3 s2", DataType.F32, window, List.of(f32(IMAGE)));
        for (String mode : List.of("nearest", "linear")) {
            Attributes attributes = Attributes.NONE.with("mode", mode)
                    .with("coordinate_transformation_mode", mode.equals("nearest") ? "asymmetric" : "half_pixel")
                    .with("nearest_mode", "floor");
            one("Resize", IMAGE + " by 2 " + mode, DataType.F32, attributes,
                    List.of(f32(IMAGE), "", floats(1, 1, 2, 2)));
        }
        one("ConvTranspose", "64x28x28 to 32x56x56 2x2 s2", DataType.F32, Attributes.NONE
                .with("strides", new long[] {2, 2}), List.of(f32(Shape.of(1, 64, 28, 28)), normal(64, 32, 2, 2)));
        one("ConvTranspose", "64x28x28 to 32x56x56 4x4 s2 p1", DataType.F32, Attributes.NONE
                .with("strides", new long[] {2, 2}).with("pads", new long[] {1, 1, 1, 1}),
                List.of(f32(Shape.of(1, 64, 28, 28)), normal(64, 32, 4, 4)));
    }

    private void grouped() {
        one("ConvTranspose", "64x28x28 to 64x56x56 4x4 s2 p1 g4", DataType.F32, Attributes.NONE
                .with("strides", new long[] {2, 2}).with("pads", new long[] {1, 1, 1, 1}).with("group", 4),
                List.of(f32(Shape.of(1, 64, 28, 28)), normal(64, 16, 4, 4)));
        one("ConvTranspose", "64x28x28 to 64x56x56 4x4 s2 p1 g64", DataType.F32, Attributes.NONE
                .with("strides", new long[] {2, 2}).with("pads", new long[] {1, 1, 1, 1}).with("group", 64),
                List.of(f32(Shape.of(1, 64, 28, 28)), normal(64, 1, 4, 4)));
    }

    private void recurrent(String operator, int gates) {
        int hidden = 256;
        RandomWeights random = new RandomWeights(7);
        one(operator, "32x1x128 to 256", DataType.F32, Attributes.NONE.with("hidden_size", hidden),
                List.of(f32(Shape.of(32, 1, 128)), random.uniform(Shape.of(1, gates * hidden, 128), 0.06f),
                        random.uniform(Shape.of(1, gates * hidden, hidden), 0.06f)));
    }
}
