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
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;

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
        return model.setGraph(graph(graph, graph.inputs(), UnaryOperator.identity())).build();
    }

    /**
     * @param inputs those of the graph's inputs that are parameters
     * @param names what values are called in the file
     */
    private static GraphProto graph(Graph graph, List<ValueInfo> inputs, UnaryOperator<String> names) {
        GraphProto.Builder proto = GraphProto.newBuilder().setName(graph.name().isEmpty() ? "graph" : graph.name());
        inputs.forEach(info -> proto.addInput(valueInfo(info, names)));
        graph.outputs().forEach(info -> proto.addOutput(valueInfo(info, names)));
        graph.initializers().forEach((name, tensor) ->
                proto.addInitializer(OnnxTensors.toProto(names.apply(name), tensor)));
        Map<String, ValueInfo> known = TypeInference.infer(graph);
        for (Node node : graph.nodes()) {
            if (node.domain().equals(Node.INTERNAL)) {
                throw new UnsupportedOperatorException(node, 1, "cannot be written to ONNX");
            }
            proto.addNode(node(node, names));
            for (String output : node.outputs()) {
                if (known.containsKey(output) && !graph.isOutput(output)) {
                    proto.addValueInfo(valueInfo(known.get(output), names));
                }
            }
        }
        return proto.build();
    }

    /**
     * Writes a body: values from outside get the names that they have there, values of the body that happen to have
     * such a name another one.
     */
    private static GraphProto body(Attribute.Body body, List<String> nodeInputs) {
        Map<String, String> names = new HashMap<>();
        List<ValueInfo> inputs = body.graph().inputs();
        for (int i = body.parameters(); i < inputs.size(); i++) {
            names.put(inputs.get(i).name(), nodeInputs.get(body.firstOutside() + i - body.parameters()));
        }
        Set<String> taken = new HashSet<>(names.values());
        taken.addAll(body.graph().values());
        for (String value : body.graph().values()) {
            if (!names.containsKey(value) && names.containsValue(value)) {
                String fresh = value;
                for (int i = 1; !taken.add(fresh); i++) {
                    fresh = value + "_" + i;
                }
                names.put(value, fresh);
            }
        }
        return graph(body.graph(), inputs.subList(0, body.parameters()), name -> names.getOrDefault(name, name));
    }

    /** The IR version that ONNX released together with an opset; readers refuse files of a later one than they know. */
    private static int irVersion(int opset) {
        if (opset < 10) {
            // What 3, which the oldest came with, demands in addition: constants among the inputs.
            return 4;
        }
        return switch (opset) {
            case 10 -> 5;
            case 11 -> 6;
            case 12, 13, 14 -> 7;
            case 15, 16, 17, 18 -> 8;
            case 19, 20 -> 9;
            case 21, 22 -> 10;
            case 23 -> 11;
            case 24 -> 12;
            case 25, 26, 27 -> 13;
            default -> 14;
        };
    }

    private static ValueInfoProto valueInfo(ValueInfo info, UnaryOperator<String> names) {
        ValueInfoProto.Builder proto = ValueInfoProto.newBuilder().setName(names.apply(info.name()));
        if (info.kind() != ValueInfo.Kind.UNKNOWN) {
            proto.setType(type(info));
        }
        return proto.build();
    }

    private static TypeProto type(ValueInfo info) {
        TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder();
        info.element().ifPresent(element -> tensor.setElemType(OnnxTypes.onnx(element)));
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
        TypeProto one = TypeProto.newBuilder().setTensorType(tensor).build();
        return switch (info.kind()) {
            case TENSOR, UNKNOWN -> one;
            case SEQUENCE -> sequence(one);
            case OPTIONAL_TENSOR -> optional(one);
            case OPTIONAL_SEQUENCE -> optional(sequence(one));
        };
    }

    private static TypeProto sequence(TypeProto element) {
        return TypeProto.newBuilder().setSequenceType(TypeProto.Sequence.newBuilder().setElemType(element)).build();
    }

    private static TypeProto optional(TypeProto element) {
        return TypeProto.newBuilder().setOptionalType(TypeProto.Optional.newBuilder().setElemType(element)).build();
    }

    private static NodeProto node(Node node, UnaryOperator<String> names) {
        List<String> inputs = node.inputs().stream().map(names).toList();
        NodeProto.Builder proto = NodeProto.newBuilder().setName(node.name()).setOpType(node.opType())
                .setDomain(node.domain()).addAllInput(inputs.subList(0, node.ownInputs()));
        node.outputs().forEach(output -> proto.addOutput(names.apply(output)));
        node.attributes().asMap().forEach((name, value) -> proto.addAttribute(attribute(name, value, inputs)));
        return proto.build();
    }

    private static AttributeProto attribute(String name, Attribute value, List<String> nodeInputs) {
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
            case Attribute.Body body ->
                    proto.setType(AttributeProto.AttributeType.GRAPH).setG(body(body, nodeInputs));
            case Attribute.TypeValue(ValueInfo info) ->
                    proto.setType(AttributeProto.AttributeType.TYPE_PROTO).setTp(type(info));
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
