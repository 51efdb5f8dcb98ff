package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;

/** Damages a good ONNX model in one of many ways; the same seed gives the same damage. */
final class HostileModels {
    private static final long[] HUGE = {1L << 20, 1L << 31, (1L << 31) - 1, 1L << 32, 1L << 40, 3037000500L,
        Long.MAX_VALUE, Long.MAX_VALUE / 8, -1, -2, Long.MIN_VALUE, 0};
    private static final String[] LOCATIONS = {"../../../../etc/passwd", "/etc/passwd", "", "\0", "model.onnx", ".",
        "..", "./../model.onnx", "nowhere/else.bin"};

    /** What may be done to a model. */
    enum Damage {
        CYCLE, SELF_LOOP, MISSING_INPUT, NO_INPUTS, TWICE_DEFINED, HUGE_INPUT, NEGATIVE_INPUT, HUGE_TENSOR, RAW_LENGTH,
        DEEP_CHAIN, DEEP_ATTRIBUTE, EXTERNAL, SHAPE_VALUES, ATTRIBUTE_VALUES, OPERATOR, ELEMENT_TYPE, RANK, OPSET,
        DROP_ATTRIBUTE, SHUFFLE_INPUTS, FLIP, TRUNCATE, REPEAT
    }

    private HostileModels() {}

    static byte[] damaged(ModelProto good, Damage damage, Random random) {
        byte[] bytes = good.toByteArray();
        switch (damage) {
            case FLIP -> {
                for (int i = 1 + random.nextInt(6); i > 0; i--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                return bytes;
            }
            case TRUNCATE -> {
                return java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
            }
            case REPEAT -> {
                // Protobuf merges a message that is given twice.
                byte[] twice = java.util.Arrays.copyOf(bytes, 2 * bytes.length);
                System.arraycopy(bytes, 0, twice, bytes.length, bytes.length);
                return twice;
            }
            default -> {
                ModelProto.Builder model = good.toBuilder();
                change(model, damage, random);
                return model.build().toByteArray();
            }
        }
    }

    private static void change(ModelProto.Builder model, Damage damage, Random random) {
        GraphProto.Builder graph = inside(model.getGraphBuilder(), random);
        if (graph.getNodeCount() == 0 || graph.getInputCount() == 0) {
            return;
        }
        int picked = random.nextInt(graph.getNodeCount());
        NodeProto.Builder node = graph.getNodeBuilder(picked);
        long huge = HUGE[random.nextInt(HUGE.length)];
        switch (damage) {
            case CYCLE -> graph.getNodeBuilder(0).addInput(graph.getNode(graph.getNodeCount() - 1).getOutput(0));
            case SELF_LOOP -> setInput(node, random, node.getOutput(0));
            case MISSING_INPUT -> setInput(node, random, random.nextBoolean() ? "nobody" : "");
            case NO_INPUTS -> node.clearInput();
            case TWICE_DEFINED -> node.addOutput(graph.getNode(0).getOutput(0));
            case HUGE_INPUT -> dimension(graph, random, Math.abs(huge));
            case NEGATIVE_INPUT -> dimension(graph, random, -1 - random.nextInt(5));
            case HUGE_TENSOR -> {
                TensorProto.Builder tensor = tensor(graph, random);
                if (tensor.getDimsCount() == 0) {
                    tensor.addDims(huge);
                } else {
                    tensor.setDims(random.nextInt(tensor.getDimsCount()), huge);
                }
            }
            case RAW_LENGTH -> tensor(graph, random).setRawData(ByteString.copyFrom(new byte[random.nextInt(50)]));
            case DEEP_CHAIN -> chain(graph, 10_000);
            case DEEP_ATTRIBUTE -> nest(node, 2 + random.nextInt(400));
            case EXTERNAL -> {
                TensorProto.Builder tensor = tensor(graph, random).clearRawData()
                        .setDataLocation(TensorProto.DataLocation.EXTERNAL);
                entry(tensor, "location", LOCATIONS[random.nextInt(LOCATIONS.length)]);
                entry(tensor, "offset", Long.toString(huge));
                entry(tensor, "length", random.nextBoolean() ? "x" : Long.toString(huge));
            }
            case SHAPE_VALUES -> integers(graph, random);
            case ATTRIBUTE_VALUES -> attribute(node, random);
            case OPERATOR -> node.setOpType(graph.getNode(random.nextInt(graph.getNodeCount())).getOpType());
            case ELEMENT_TYPE -> tensor(graph, random).setDataType(random.nextInt(30));
            case RANK -> rank(graph, random);
            case OPSET -> model.getOpsetImportBuilder(0).setVersion(random.nextBoolean() ? huge : random.nextInt(30));
            case DROP_ATTRIBUTE -> node.clearAttribute();
            case SHUFFLE_INPUTS -> {
                List<String> others = graph.getNode(random.nextInt(picked + 1)).getInputList();
                setInput(node, random, others.isEmpty() ? "" : others.get(random.nextInt(others.size())));
            }
            default -> throw new IllegalArgumentException(damage.toString());
        }
    }

    /** Returns the graph itself or, where it has some, one of the bodies in it. */
    private static GraphProto.Builder inside(GraphProto.Builder graph, Random random) {
        List<AttributeProto.Builder> bodies = graph.getNodeBuilderList().stream()
                .flatMap(node -> node.getAttributeBuilderList().stream()).filter(AttributeProto.Builder::hasG).toList();
        return bodies.isEmpty() || random.nextInt(3) == 0 ? graph
                : inside(bodies.get(random.nextInt(bodies.size())).getGBuilder(), random);
    }

    private static void setInput(NodeProto.Builder node, Random random, String value) {
        if (node.getInputCount() == 0) {
            node.addInput(value);
        } else {
            node.setInput(random.nextInt(node.getInputCount()), value);
        }
    }

    private static TensorProto.Builder tensor(GraphProto.Builder graph, Random random) {
        if (graph.getInitializerCount() == 0) {
            return graph.addInitializerBuilder().setName("w").setDataType(1).addDims(1);
        }
        return graph.getInitializerBuilder(random.nextInt(graph.getInitializerCount()));
    }

    private static void entry(TensorProto.Builder tensor, String key, String value) {
        tensor.addExternalData(StringStringEntryProto.newBuilder().setKey(key).setValue(value));
    }

    private static void dimension(GraphProto.Builder graph, Random random, long extent) {
        TensorShapeProto.Builder shape = graph.getInputBuilder(random.nextInt(graph.getInputCount())).getTypeBuilder()
                .getTensorTypeBuilder().getShapeBuilder();
        TensorShapeProto.Dimension.Builder dim = TensorShapeProto.Dimension.newBuilder().setDimValue(extent);
        if (shape.getDimCount() == 0) {
            shape.addDim(dim);
        } else {
            shape.setDim(random.nextInt(shape.getDimCount()), dim);
        }
    }

    private static void rank(GraphProto.Builder graph, Random random) {
        TypeProto.Tensor.Builder type = graph.getInputBuilder(0).getTypeBuilder().getTensorTypeBuilder();
        TensorShapeProto.Builder shape = type.getShapeBuilder();
        if (random.nextBoolean() && shape.getDimCount() > 0) {
            shape.removeDim(0);
        } else {
            for (int i = random.nextInt(200); i >= 0; i--) {
                shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(1));
            }
        }
    }

    private static void chain(GraphProto.Builder graph, int length) {
        String value = graph.getNode(0).getOutput(0);
        for (int i = 0; i < length; i++) {
            graph.addNode(NodeProto.newBuilder().setOpType("Neg").addInput(value).addOutput("chain" + i));
            value = "chain" + i;
        }
        graph.addOutput(graph.getOutput(0).toBuilder().setName(value).clearType());
    }

    private static void nest(NodeProto.Builder node, int depth) {
        GraphProto inner = GraphProto.newBuilder().setName("g").build();
        for (int i = 0; i < depth; i++) {
            AttributeProto body = AttributeProto.newBuilder().setName("body")
                    .setType(AttributeProto.AttributeType.GRAPH).setG(inner).build();
            inner = GraphProto.newBuilder().setName("g").addNode(NodeProto.newBuilder().setOpType("Loop")
                    .addOutput("y").addAttribute(body)).build();
        }
        node.addAttribute(AttributeProto.newBuilder().setName("body").setType(AttributeProto.AttributeType.GRAPH)
                .setG(inner));
    }

    /** Overwrites one element of an integer constant: a shape, repeats, axes, pads, indices. */
    private static void integers(GraphProto.Builder graph, Random random) {
        for (int i = random.nextInt(graph.getInitializerCount() + 1), tries = 0; tries < graph.getInitializerCount();
                tries++, i++) {
            int index = i % graph.getInitializerCount();
            TensorProto tensor = graph.getInitializer(index);
            if (tensor.getDataType() == TensorProto.DataType.INT64_VALUE && tensor.getRawData().size() >= 8) {
                byte[] raw = tensor.getRawData().toByteArray();
                ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(random.nextInt(raw.length / 8) * 8, HUGE[random.nextInt(HUGE.length)]);
                graph.getInitializerBuilder(index).setRawData(ByteString.copyFrom(raw));
                return;
            }
        }
    }

    private static void attribute(NodeProto.Builder node, Random random) {
        String[] names = {"axis", "kernel_shape", "strides", "pads", "dilations", "group", "hidden_size", "blocksize",
            "perm", "axes", "to", "num_outputs", "k", "epsilon", "mode", "auto_pad", "output_shape", "batch_dims",
            "q_num_heads", "kv_num_heads", "direction", "equation"};
        AttributeProto.Builder attribute = node.getAttributeCount() > 0 && random.nextInt(4) > 0
                ? node.getAttributeBuilder(random.nextInt(node.getAttributeCount()))
                : node.addAttributeBuilder().setName(names[random.nextInt(names.length)])
                        .setType(AttributeProto.AttributeType.INTS);
        switch (random.nextInt(4)) {
            case 0 -> attribute.setType(AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8("odd"));
            case 1 -> attribute.setType(AttributeProto.AttributeType.INT).setI(HUGE[random.nextInt(HUGE.length)]);
            case 2 -> attribute.setType(AttributeProto.AttributeType.FLOAT).setF(Float.NaN);
            default -> {
                attribute.setType(AttributeProto.AttributeType.INTS);
                int count = attribute.getIntsCount();
                if (count == 0 || random.nextInt(4) == 0) {
                    attribute.addInts(HUGE[random.nextInt(HUGE.length)]);
                } else {
                    attribute.setInts(random.nextInt(count), HUGE[random.nextInt(HUGE.length)]);
                }
            }
        }
    }
}
