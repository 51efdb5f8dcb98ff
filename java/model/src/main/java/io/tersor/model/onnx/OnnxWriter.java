package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import io.tersor.TersorException;
import io.tersor.model.Attribute;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.TypeInference;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.UUID;

/** Writes graphs as ONNX models, each whole or not at all. */
public final class OnnxWriter {
    private OnnxWriter() {}

    /** Writes a model; see {@link Graph#save}. */
    public static void write(Graph graph, Path file) {
        ModelProto model = model(graph);
        try {
            Path target = file.toAbsolutePath();
            Path beside = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
            try {
                try (OutputStream stream = Files.newOutputStream(beside, StandardOpenOption.CREATE_NEW)) {
                    model.writeTo(stream);
                }
                Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(beside);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new TersorException(file + ": cannot be written: " + e, e);
        }
    }

    private static ModelProto model(Graph graph) {
        ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(irVersion(graph.opset()))
                .setProducerName("tersor");
        graph.opsets().forEach((domain, version) -> model.addOpsetImport(
                OperatorSetIdProto.newBuilder().setDomain(domain).setVersion(version)));
        graph.metadata().forEach((key, value) -> model.addMetadataProps(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
        graph.sparsity().forEach((value, format) -> model.addMetadataProps(StringStringEntryProto.newBuilder()
                .setKey(OnnxReader.SPARSITY + value).setValue(format.label())));
        GraphProto.Builder proto = GraphProto.newBuilder().setName(graph.name().isEmpty() ? "graph" : graph.name());
        graph.inputs().forEach(info -> proto.addInput(valueInfo(info)));
        graph.outputs().forEach(info -> proto.addOutput(valueInfo(info)));
        graph.initializers().forEach((name, tensor) -> proto.addInitializer(OnnxTensors.toProto(name, tensor)));
        Map<String, ValueInfo> known = TypeInference.infer(graph);
        for (Node node : graph.nodes()) {
            if (node.domain().equals(Node.INTERNAL)) {
                throw new UnsupportedOperatorException(node, 1, "cannot be written to ONNX");
            }
            proto.addNode(node(node));
            for (String output : node.outputs()) {
                if (known.containsKey(output) && !graph.isOutput(output)) {
                    proto.addValueInfo(valueInfo(known.get(output)));
                }
            }
        }
        return model.setGraph(proto).build();
    }

    /** The IR version that ONNX released together with an opset; readers refuse files of a later one than they know. */
    private static int irVersion(int opset) {
        if (opset < 9) {
            return 3;
        }
        return switch (opset) {
            case 9 -> 4;
            case 10 -> 5;
            case 11 -> 6;
            case 12, 13, 14 -> 7;
            case 15, 16, 17, 18 -> 8;
            case 19, 20 -> 9;
            case 21, 22 -> 10;
            case 23 -> 11;
            default -> 12;
        };
    }

    private static ValueInfoProto valueInfo(ValueInfo info) {
        TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder().setElemType(OnnxTypes.onnx(info.type()));
        info.dims().ifPresent(dims -> {
            TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
            for (Dim dim : dims) {
                TensorShapeProto.Dimension.Builder one = TensorShapeProto.Dimension.newBuilder();
                switch (dim) {
                    case Dim.Known(long extent) -> one.setDimValue(extent);
                    case Dim.Symbol(String name) -> one.setDimParam(name);
                    case Dim.Unknown _ -> { }
                }
                shape.addDim(one);
            }
            tensor.setShape(shape);
        });
        return ValueInfoProto.newBuilder().setName(info.name())
                .setType(TypeProto.newBuilder().setTensorType(tensor)).build();
    }

    private static NodeProto node(Node node) {
        NodeProto.Builder proto = NodeProto.newBuilder().setName(node.name()).setOpType(node.opType())
                .setDomain(node.domain()).addAllInput(node.inputs()).addAllOutput(node.outputs());
        node.attributes().asMap().forEach((name, value) -> proto.addAttribute(attribute(name, value)));
        return proto.build();
    }

    private static AttributeProto attribute(String name, Attribute value) {
        AttributeProto.Builder proto = AttributeProto.newBuilder().setName(name);
        switch (value) {
            case Attribute.IntValue(long integer) ->
                    proto.setType(AttributeProto.AttributeType.INT).setI(integer);
            case Attribute.FloatValue(float real) ->
                    proto.setType(AttributeProto.AttributeType.FLOAT).setF(real);
            case Attribute.StringValue(String text) ->
                    proto.setType(AttributeProto.AttributeType.STRING).setS(ByteString.copyFromUtf8(text));
            case Attribute.TensorValue(var tensor) ->
                    proto.setType(AttributeProto.AttributeType.TENSOR).setT(OnnxTensors.toProto("", tensor));
            case Attribute.Ints(var list) -> proto.setType(AttributeProto.AttributeType.INTS).addAllInts(list);
            case Attribute.Floats(var list) -> proto.setType(AttributeProto.AttributeType.FLOATS).addAllFloats(list);
            case Attribute.Strings(var list) -> {
                proto.setType(AttributeProto.AttributeType.STRINGS);
                list.forEach(text -> proto.addStrings(ByteString.copyFromUtf8(text)));
            }
        }
        return proto.build();
    }
}
