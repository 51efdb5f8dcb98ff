package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What ONNX Runtime's quantization tool writes in QOperator form: real operators between DequantizeLinear and
 * QuantizeLinear, of which fusion makes quantized kernels. Each operand is followed by its scale and zero point.
 */
final class QuantizedNodes {
    private static final int FIRST_OPSET_OF_ONE_AXIS = 13;

    private QuantizedNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("QuantizeLinear", 2, node -> same(node, "QuantizeLinear"));
        table.add("DequantizeLinear", 2, node -> same(node, "DequantizeLinear"));
        table.add("QLinearAdd", 7, node -> real(node, "Add", 2));
        table.add("QLinearMul", 7, node -> real(node, "Mul", 2));
        table.add("QLinearSigmoid", 4, node -> real(node, "Sigmoid", 1));
        table.add("QLinearLeakyRelu", 4, node -> real(node, "LeakyRelu", 1));
        table.add("QLinearReduceMean", 4, node -> real(node, "ReduceMean", 1));
        table.add("QLinearAveragePool", 4, node -> Channels.last(node,
                () -> node.attributes().integers("kernel_shape").length + 2, pool(node, "AveragePool")));
        table.add("QLinearGlobalAveragePool", 5, node -> Channels.last(node, () -> node.rank(0),
                pool(node, "GlobalAveragePool")));
        table.add("QLinearConv", 8, node -> Channels.last(node, () -> node.rank(3), QuantizedNodes::convolution));
        table.add("QLinearConcat", 5, QuantizedNodes::concat);
        table.add("QLinearWhere", 9, QuantizedNodes::where);
        table.add("QLinearSoftmax", 5, QuantizedNodes::softmax);
        table.add("QGemm", 6, QuantizedNodes::gemm);
    }

    private static void same(Expansion node, String opType) {
        node.give(0, opType, node.attributes(), node.input(0), node.input(1), node.inputOrNone(2));
    }

    /** Returns the real value of an operand that is input {@code first}. */
    static String dequantize(Expansion node, int first) {
        return dequantize(node, node.input(first), first + 1, -1);
    }

    /** Returns the real value of what has input {@code scale} and the one behind it as its parameters. */
    private static String dequantize(Expansion node, String value, int scale, long axis) {
        Attributes attributes = axis < 0 ? Attributes.NONE : Attributes.NONE.with("axis", axis);
        return node.add("DequantizeLinear", attributes, value, node.input(scale), node.inputOrNone(scale + 1));
    }

    /** Makes the output of a real value, with its scale as input {@code scale} and its zero point behind that. */
    private static void quantize(Expansion node, String value, int scale) {
        node.give("QuantizeLinear", value, node.input(scale), zeroPoint(node, scale + 1));
    }

    /** Returns the zero point of the output; one that is left out is 0, of the type of the first operand. */
    private static String zeroPoint(Expansion node, int input) {
        return node.has(input) ? node.input(input) : node.number(node.type(0), 0);
    }

    private static void real(Expansion node, String opType, int operands) {
        String[] inputs = new String[operands];
        for (int i = 0; i < operands; i++) {
            inputs[i] = dequantize(node, 3 * i);
        }
        quantize(node, node.add(opType, node.attributes(), inputs), 3 * operands);
    }

    private static Consumer<Channels> pool(Expansion node, String opType) {
        return channels -> {
            String source = dequantize(node, channels.source(), 1, -1);
            String result = node.add(opType, channels.attributes(), source);
            channels.give("QuantizeLinear", Attributes.NONE, result, node.input(3), zeroPoint(node, 4));
        };
    }

    private static void convolution(Channels channels) {
        Expansion node = channels.node();
        String[] inputs = new String[9];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = i == 0 ? channels.source() : i == 2 || i == 5 ? zeroPointOfOperand(node, i)
                    : i == 7 ? zeroPoint(node, i) : i == 8 ? node.inputOrNone(i) : node.input(i);
        }
        channels.give("QLinearConv", channels.attributes(), inputs);
    }

    private static String zeroPointOfOperand(Expansion node, int input) {
        return node.has(input) ? node.input(input) : node.number(node.type(input - 2), 0);
    }

    private static void concat(Expansion node) {
        int parts = node.node().inputs().size() - 2;
        node.check(parts % 3 == 0, "inputs", "a scale, a zero point, and three for each part", parts + 2);
        List<String> inputs = new ArrayList<>();
        for (int i = 2; i < parts + 2; i += 3) {
            inputs.add(dequantize(node, i));
        }
        String all = node.add("Concat", node.attributes(), inputs.toArray(String[]::new));
        String zeroPoint = node.has(1) ? node.input(1) : node.number(node.type(2), 0);
        node.give("QuantizeLinear", all, node.input(0), zeroPoint);
    }

    private static void where(Expansion node) {
        String chosen = node.add("Where", node.input(0), dequantize(node, 1), dequantize(node, 4));
        node.give("QuantizeLinear", chosen, node.input(7),
                node.has(8) ? node.input(8) : node.number(node.type(1), 0));
    }

    /** Attribute opset tells whether the sum is along one axis, or along that and all that follow. */
    private static void softmax(Expansion node) {
        boolean one = node.attributes().integer("opset", 0) >= FIRST_OPSET_OF_ONE_AXIS;
        long axis = node.attributes().integer("axis", one ? -1 : 1);
        quantize(node, softmax(node, dequantize(node, 0), one, axis, 0), 3);
    }

    /**
     * Returns the softmax of a value, of the shape of an input, whatever the graph's opset.
     *
     * @param one whether along one axis, or along that and all that follow
     */
    static String softmax(Expansion node, String value, boolean one, long axis, int input) {
        Attributes last = Attributes.NONE.with("axis", -1);
        if (axis == -1) {
            return node.add("Softmax", last, value);
        }
        int rank = node.rank(input);
        node.check(axis >= -rank && axis < rank, "axis", "-" + rank + " to " + (rank - 1), axis);
        if (axis == rank - 1) {
            return node.add("Softmax", last, value);
        }
        if (one == node.opset() >= FIRST_OPSET_OF_ONE_AXIS) {
            return node.add("Softmax", Attributes.NONE.with("axis", axis), value);
        }
        if (one) {
            throw node.unsupported("along axis " + axis + " of " + rank + " in a model of opset " + node.opset());
        }
        String flat = node.add("Flatten", Attributes.NONE.with("axis", axis), value);
        return node.add("Reshape", node.add("Softmax", last, flat), node.add("Shape", node.input(input)));
    }

    /** QGemm(a, as, az, b, bs, bz, c, ys, yz): c is s32 with the scale alpha as bs; without ys the result is f32. */
    private static void gemm(Expansion node) {
        boolean transposed = node.attributes().integer("transB", 0) != 0;
        float alpha = node.attributes().real("alpha", 1f);
        String a = dequantize(node, 0);
        String b = dequantize(node, node.input(3), 4, transposed ? 0 : 1);
        String c = "";
        if (node.has(6)) {
            String scale = node.add("Mul", node.input(1), node.input(4));
            c = node.add("DequantizeLinear", Attributes.NONE.with("axis", -1), node.input(6), alpha == 1f ? scale
                    : node.add("Mul", scale, node.number(alpha)));
        }
        Attributes attributes = node.attributes().without("beta");
        if (node.has(7)) {
            String result = node.add("Gemm", attributes, a, b, c);
            node.give("QuantizeLinear", result, node.input(7), node.has(8) ? node.input(8)
                    : node.number(DataType.U8, 0));
        } else {
            node.give(0, "Gemm", attributes, a, b, c);
        }
    }
}
