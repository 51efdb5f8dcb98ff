package io.tersor.bench.networks;

import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators over integers, masks, indices and other types, of the sizes that networks have them in. */
final class IndexedGraphs extends SingleNodes {
    private static final Shape MASK = Shape.of(1, 12, 128, 128);

    private IndexedGraphs() {
        super(18);
        logic();
        integers();
        halves();
        indexed();
        choices();
        floats();
    }

    /** Returns all graphs by a name that tells operator and size. */
    static Map<String, Graph> all() {
        return new IndexedGraphs().graphs;
    }

    private static Attributes axis(long axis) {
        return Attributes.NONE.with("axis", axis);
    }

    private void logic() {
        for (String name : List.of("And", "Or", "Xor")) {
            one(name, MASK + " twice", DataType.BOOL, Attributes.NONE,
                    List.of(input("a", DataType.BOOL, MASK), input("b", DataType.BOOL, MASK)));
        }
        one("And", "1x12x128x128 with 1x1x1x128", DataType.BOOL, Attributes.NONE,
                List.of(input("a", DataType.BOOL, MASK), input("b", DataType.BOOL, Shape.of(1, 1, 1, 128))));
        one("Not", MASK.toString(), DataType.BOOL, Attributes.NONE, List.of(input("a", DataType.BOOL, MASK)));
        one("IsNaN", IMAGE.toString(), DataType.BOOL, Attributes.NONE, List.of(f32(IMAGE)));
        one("IsInf", IMAGE.toString(), DataType.BOOL, Attributes.NONE, List.of(f32(IMAGE)));
        one("Where", MASK + " s64", DataType.S64, Attributes.NONE, List.of(input("c", DataType.BOOL, MASK),
                input("a", DataType.S64, MASK), input("b", DataType.S64, MASK)));
        for (DataType type : List.of(DataType.S64, DataType.S32, DataType.F32)) {
            one("Equal", MASK + " twice " + type, DataType.BOOL, Attributes.NONE,
                    List.of(input("a", type, MASK), input("b", type, MASK)));
            one("Less", "1x1x128x1 with 1x1x1x128 " + type, DataType.BOOL, Attributes.NONE,
                    List.of(input("a", type, Shape.of(1, 1, 128, 1)), input("b", type, Shape.of(1, 1, 1, 128))));
        }
        one("Equal", MASK + " with 1 s64", DataType.BOOL, Attributes.NONE,
                List.of(input("a", DataType.S64, MASK), longs(3)));
        one("Equal", "1x12x128x128 bool", DataType.BOOL, Attributes.NONE,
                List.of(input("a", DataType.BOOL, MASK), input("b", DataType.BOOL, MASK)));
    }

    private void integers() {
        for (DataType type : List.of(DataType.S64, DataType.S32)) {
            for (String name : List.of("Add", "Mul", "Sub", "Div", "Max", "Mod")) {
                boolean safe = !name.equals("Div") && !name.equals("Mod");
                one(name, MASK + " " + type, type, Attributes.NONE, List.of(input("a", type, MASK),
                        safe ? input("b", type, MASK) : type == DataType.S64 ? longs(3)
                                : Tensor.ofInts(arena, Shape.of(1), 3)));
            }
            one("Add", "4 " + type, type, Attributes.NONE,
                    List.of(input("a", type, Shape.of(4)), input("b", type, Shape.of(4))));
            one("Neg", MASK + " " + type, type, Attributes.NONE, List.of(input("a", type, MASK)));
            one("Abs", MASK + " " + type, type, Attributes.NONE, List.of(input("a", type, MASK)));
            one("Clip", MASK + " " + type, type, Attributes.NONE, List.of(input("a", type, MASK),
                    scalar(type, 2), scalar(type, 5)));
            one("ReduceSum", "128x1000 " + type, type, Attributes.NONE,
                    List.of(input("a", type, Shape.of(128, 1000)), longs(1)));
            one("ReduceMax", "128x1000 " + type, type, Attributes.NONE,
                    List.of(input("a", type, Shape.of(128, 1000)), longs(1)));
            one("CumSum", "128x1000 " + type, type, Attributes.NONE,
                    List.of(input("a", type, Shape.of(128, 1000)), longs(1)));
        }
        one("CumSum", "1x128 s64", DataType.S64, Attributes.NONE,
                List.of(input("a", DataType.S64, Shape.of(1, 128)), longs(1)));
        one("Cast", "s64 to s32", DataType.S32, Attributes.NONE.with("to", 6), List.of(input("x", DataType.S64, MASK)));
        one("Cast", "s32 to s64", DataType.S64, Attributes.NONE.with("to", 7), List.of(input("x", DataType.S32, MASK)));
        one("Cast", "s64 to bool", DataType.BOOL, Attributes.NONE.with("to", 9), List.of(input("x", DataType.S64,
                MASK)));
        one("Cast", "f32 to bool", DataType.BOOL, Attributes.NONE.with("to", 9), List.of(input("x", DataType.F32,
                MASK)));
        one("Cast", "bool to s64", DataType.S64, Attributes.NONE.with("to", 7), List.of(input("x", DataType.BOOL,
                MASK)));
        one("Cast", "f32 to bf16", DataType.BF16, Attributes.NONE.with("to", 16), List.of(input("x", DataType.F32,
                MASK)));
        one("Cast", "bf16 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.BF16,
                MASK)));
        one("Cast", "f32 to f64", DataType.F64, Attributes.NONE.with("to", 11), List.of(input("x", DataType.F32,
                MASK)));
        one("Cast", "f64 to f32", DataType.F32, Attributes.NONE.with("to", 1), List.of(input("x", DataType.F64, MASK)));
        one("Cast", "f32 to u8", DataType.U8, Attributes.NONE.with("to", 2), List.of(input("x", DataType.F32, MASK)));
        one("Range", "8400", DataType.S64, Attributes.NONE,
                List.of(Tensor.ofLongs(arena, Shape.of(), 0), input("n", DataType.S64, Shape.of()),
                        Tensor.ofLongs(arena, Shape.of(), 1)));
    }

    private Tensor scalar(DataType type, long value) {
        Tensor tensor = Tensor.allocate(arena, type, Shape.of());
        tensor.setLong(0, value);
        return tensor;
    }

    private void halves() {
        for (DataType type : List.of(DataType.F16)) {
            for (String name : List.of("Relu", "Sigmoid", "Tanh", "Exp", "Erf", "Neg")) {
                one(name, IMAGE + " " + type, type, Attributes.NONE, List.of(input("x", type, IMAGE)));
            }
            for (String name : List.of("Add", "Mul", "Sub", "Div")) {
                one(name, IMAGE + " " + type, type, Attributes.NONE,
                        List.of(input("a", type, IMAGE), input("b", type, IMAGE)));
            }
            one("Softmax", "1x12x128x128 " + type, type, Attributes.NONE, List.of(input("x", type, MASK)));
            one("ReduceMean", TOKENS + " " + type, type, Attributes.NONE, List.of(input("x", type, TOKENS), longs(-1)));
            one("Where", MASK + " " + type, type, Attributes.NONE, List.of(input("c", DataType.BOOL, MASK),
                    input("a", type, MASK), input("b", type, MASK)));
        }
    }

    private void indexed() {
        one("GatherElements", "128x1000 axis 1 by 300", DataType.F32, axis(1),
                List.of(f32(Shape.of(128, 1000)), SeededInputs.indices(arena, Shape.of(128, 300), 1000, 3)));
        one("GatherElements", "1x8400x4 axis 1 by 300", DataType.F32, axis(1),
                List.of(f32(Shape.of(1, 8400, 4)), SeededInputs.indices(arena, Shape.of(1, 300, 4), 8400, 3)));
        one("GatherElements", "12x128x255 axis 2 by 128", DataType.F32, axis(2),
                List.of(f32(Shape.of(12, 128, 255)), SeededInputs.indices(arena, Shape.of(12, 128, 128), 255, 3)));
        one("GatherND", "1000x768 by 128", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(1000, 768)), SeededInputs.indices(arena, Shape.of(128, 1), 1000, 3)));
        one("GatherND", "80x80x80 elements by 1000", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(80, 80, 80)), SeededInputs.indices(arena, Shape.of(1000, 3), 80, 3)));
        one("Gather", "1x128x768 axis 1 scalar", DataType.F32, axis(1),
                List.of(f32(TOKENS), Tensor.ofLongs(arena, Shape.of(), 0)));
        one("Gather", "128x1000 axis 1 by 300", DataType.F32, axis(1),
                List.of(f32(Shape.of(128, 1000)), SeededInputs.indices(arena, Shape.of(300), 1000, 3)));
        one("ScatterElements", "128x1000 axis 1 by 300", DataType.F32, axis(1),
                List.of(f32(Shape.of(128, 1000)), SeededInputs.indices(arena, Shape.of(128, 300), 1000, 3),
                        input("u", DataType.F32, Shape.of(128, 300))));
        one("ScatterElements", "128x1000 axis 0 by 64 add", DataType.F32, axis(0).with("reduction", "add"),
                List.of(f32(Shape.of(128, 1000)), SeededInputs.indices(arena, Shape.of(64, 1000), 128, 3),
                        input("u", DataType.F32, Shape.of(64, 1000))));
        one("ScatterND", "80x80x80 elements by 1000", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(80, 80, 80)), SeededInputs.indices(arena, Shape.of(1000, 3), 80, 3),
                        input("u", DataType.F32, Shape.of(1000))));
        one("Trilu", MASK + " lower", DataType.F32, Attributes.NONE.with("upper", 0), List.of(f32(MASK)));
        one("Trilu", "1024x1024 upper bool", DataType.BOOL, Attributes.NONE,
                List.of(input("x", DataType.BOOL, Shape.of(1024, 1024)), Tensor.ofLongs(arena, Shape.of(), 1)));
        one("ReverseSequence", "128x16x256", DataType.F32, Attributes.NONE.with("time_axis", 0).with("batch_axis", 1),
                List.of(f32(Shape.of(128, 16, 256)), SeededInputs.indices(arena, Shape.of(16), 128, 3)));
        one("Slice", "1x128x768 axis 2 reversed", DataType.F32, Attributes.NONE,
                List.of(f32(TOKENS), longs(-1), longs(-10000), longs(2), longs(-1)));
        one("Slice", "1x12x128x64 half", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(1, 12, 128, 64)), longs(32), longs(64), longs(3)));
        one("Split", TOKENS + " axis 2", DataType.F32, axis(2).with("num_outputs", 2), List.of(f32(TOKENS)));
        one("Split", IMAGE + " axis 3", DataType.F32, axis(3).with("num_outputs", 2), List.of(f32(IMAGE)));
        one("Concat", "1x12x128x32 twice axis 3", DataType.F32, axis(3),
                List.of(input("a", DataType.F32, Shape.of(1, 12, 128, 32)), input("b", DataType.F32, Shape.of(1, 12,
                        128, 32))));
        one("Concat", "1x8400x4 with 1x8400x80 axis 2", DataType.F32, axis(2),
                List.of(input("a", DataType.F32, Shape.of(1, 8400, 4)), input("b", DataType.F32, Shape.of(1, 8400,
                        80))));
        one("Concat", "8400x1 twice axis 1", DataType.F32, axis(1),
                List.of(input("a", DataType.F32, Shape.of(8400, 1)), input("b", DataType.F32, Shape.of(8400, 1))));
        one("Expand", "1x1x1x128 to 1x12x128x128 bool", DataType.BOOL, Attributes.NONE,
                List.of(input("x", DataType.BOOL, Shape.of(1, 1, 1, 128)), longs(1, 12, 128, 128)));
        one("Expand", "1x4x1x128x64 to 1x4x8x128x64", DataType.F32, Attributes.NONE,
                List.of(f32(Shape.of(1, 4, 1, 128, 64)), longs(1, 4, 8, 128, 64)));
        one("Tile", "1x128x1 by 1x1x768", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1, 128, 1)), longs(1, 1,
                768)));
        one("Transpose", "1x12x128x64 0 1 3 2", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 1, 3, 2}),
                List.of(f32(Shape.of(1, 12, 128, 64))));
        one("Transpose", "1x56x56x64 0 3 1 2", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 3, 1, 2}),
                List.of(f32(Shape.of(1, 56, 56, 64))));
        one("Transpose", "1x3x640x640 0 2 3 1", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 3, 1}),
                List.of(f32(Shape.of(1, 3, 640, 640))));
        one("Transpose", "1x640x640x3 0 3 1 2", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 3, 1, 2}),
                List.of(f32(Shape.of(1, 640, 640, 3))));
        one("Transpose", "1x84x8400 0 2 1", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 1}),
                List.of(f32(Shape.of(1, 84, 8400))));
        one("Transpose", "8x7x8x7x96 windows", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 1, 3, 4}),
                List.of(f32(Shape.of(8, 7, 8, 7, 96))));
        one("Transpose", "1x2x64x56x56 shuffle", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 1, 3, 4}),
                List.of(f32(Shape.of(1, 2, 32, 56, 56))));
        one("Transpose", "1x128x12x64 0 2 3 1", DataType.F32, Attributes.NONE.with("perm", new long[] {0, 2, 3, 1}),
                List.of(f32(Shape.of(1, 128, 12, 64))));
        one("Transpose", "1024x1024 1 0 s64", DataType.S64, Attributes.NONE, List.of(input("x", DataType.S64,
                Shape.of(1024, 1024))));
        one("Transpose", "1024x1024 1 0 f16", DataType.F16, Attributes.NONE, List.of(input("x", DataType.F16,
                Shape.of(1024, 1024))));
    }

    private void choices() {
        for (String name : List.of("ArgMax", "ArgMin")) {
            one(name, "8400x80 axis 1", DataType.S64, axis(1), List.of(f32(Shape.of(8400, 80))));
            one(name, "1x80x8400 axis 1", DataType.S64, axis(1), List.of(f32(Shape.of(1, 80, 8400))));
        }
        one("ArgMax", "1x128x30000 axis 2", DataType.S64, axis(2), List.of(f32(Shape.of(1, 128, 30000))));
        one("NonZero", MASK + " bool", DataType.S64, Attributes.NONE, List.of(input("x", DataType.BOOL, MASK)));
        one("NonZero", "8400 f32", DataType.S64, Attributes.NONE, List.of(f32(Shape.of(8400))));
        one("Compress", "8400x80 axis 0", DataType.F32, axis(0),
                List.of(f32(Shape.of(8400, 80)), input("c", DataType.BOOL, Shape.of(8400))));
        one("Unique", "8400 s64", DataType.S64, Attributes.NONE, List.of(input("x", DataType.S64, Shape.of(8400))));
        one("TopK", "1x8400 by 300", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1, 8400)), longs(300)));
        one("TopK", "1x30000 by 50", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(1, 30000)), longs(50)));
        one("OneHot", "1x128x128 of 19 axis 1", DataType.F32, axis(1),
                List.of(input("i", DataType.S64, Shape.of(1, 128, 128)), longs(19), floats(0, 1)));
        one("Hardmax", "128x1000", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(128, 1000))));
    }

    private void floats() {
        one("Sum", IMAGE + " of 3", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, IMAGE), input("c", DataType.F32, IMAGE)));
        one("Sum", IMAGE + " of 2", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, IMAGE)));
        one("Mean", IMAGE + " of 3", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, IMAGE), input("c", DataType.F32, IMAGE)));
        one("Max", IMAGE + " of 3", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, IMAGE), input("c", DataType.F32, IMAGE)));
        one("Shrink", IMAGE.toString(), DataType.F32, Attributes.NONE.with("lambd", 0.3f), List.of(f32(IMAGE)));
        one("Asinh", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("Atanh", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("Selu", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("Clip", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE), scalar(DataType.F32, 0),
                scalar(DataType.F32, 6)));
        for (String name : List.of("ReduceProd", "ReduceMin", "ReduceSum", "ReduceL1", "ReduceSumSquare",
                "ReduceLogSumExp")) {
            one(name, "128x1000 last axis", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(128, 1000)), longs(1)));
        }
        one("ReduceProd", "4 s64", DataType.S64, Attributes.NONE, List.of(input("x", DataType.S64, Shape.of(4)),
                longs(0)));
        one("ReduceMean", TOKENS + " axis 1", DataType.F32, Attributes.NONE, List.of(f32(TOKENS), longs(1)));
        one("ReduceSum", "1x64x56x56 all", DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("LpNormalization", TOKENS.toString(), DataType.F32, Attributes.NONE, List.of(f32(TOKENS)));
        one("LpNormalization", IMAGE + " axis 1", DataType.F32, axis(1), List.of(f32(IMAGE)));
        one("MeanVarianceNormalization", IMAGE.toString(), DataType.F32, Attributes.NONE, List.of(f32(IMAGE)));
        one("Softmax", "8400x80", DataType.F32, Attributes.NONE, List.of(f32(Shape.of(8400, 80))));
        one("Softmax", "1x33600x16", DataType.F32, axis(2), List.of(f32(Shape.of(1, 33600, 16))));
        one("Softmax", "1x16x4x8400 axis 1", DataType.F32, axis(1), List.of(f32(Shape.of(1, 16, 4, 8400))));
        one("BatchNormalization", IMAGE.toString(), DataType.F32, Attributes.NONE,
                List.of(f32(IMAGE), normal(64), normal(64), normal(64), Tensor.ofFloats(arena, Shape.of(64),
                        ones(64))));
        one("Add", "1x128x768 with 768", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, TOKENS),
                normal(768)));
        one("Mul", "1x64x56x56 with 1x1x56x56", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, Shape.of(1, 1, 56, 56))));
        one("Mul", "1x64x56x56 with 1x64x1x1", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, IMAGE),
                input("b", DataType.F32, Shape.of(1, 64, 1, 1))));
        one("Sub", "1x128x768 with 1x128x1", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32, TOKENS),
                input("b", DataType.F32, Shape.of(1, 128, 1))));
        one("Sub", "1x8400x1 with 1x1x100", DataType.F32, Attributes.NONE, List.of(input("a", DataType.F32,
                Shape.of(1, 8400, 1)),
                input("b", DataType.F32, Shape.of(1, 1, 100))));
        one("Pow", TOKENS + " by 2", DataType.F32, Attributes.NONE, List.of(f32(TOKENS), floats(2)));
    }

    private static float[] ones(int count) {
        float[] ones = new float[count];
        Arrays.fill(ones, 1);
        return ones;
    }
}
