package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.tersor.TersorException;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.ModelFormatException;
import io.tersor.model.Node;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.model.ValueInfo;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads graphs, bodies of loops and branches included. */
final class OnnxGraphs {
    private final Path file;
    private final Arena arena;
    private final int opset;
    private final boolean own;
    private final Map<String, Integer> others;

    /**
     * @param arena where constants go
     * @param opset the version of ONNX's own operators
     * @param own whether the file may use these
     * @param others the versions of other domains' operators
     */
    OnnxGraphs(Path file, Arena arena, int opset, boolean own, Map<String, Integer> others) {
        this.file = file;
        this.arena = arena;
        this.opset = opset;
        this.own = own;
        this.others = others;
    }

    /** Adds everything in a model's graph to a builder. */
    void read(GraphProto proto, GraphBuilder builder) {
        Set<String> constants = constants(proto, builder);
        for (ValueInfoProto input : proto.getInputList()) {
            // Files before IR version 4 list the initializers among the inputs.
            if (!constants.contains(input.getName())) {
                builder.input(valueInfo(input, "input"));
            }
        }
        for (ValueInfoProto output : proto.getOutputList()) {
            if (output.hasType()) {
                builder.output(valueInfo(output, "output"));
            } else {
                builder.output(output.getName());
            }
        }
        nodes(proto).forEach(builder::node);
    }

    private Set<String> constants(GraphProto proto, GraphBuilder builder) {
        if (proto.getSparseInitializerCount() > 0) {
            throw new UnsupportedOperatorException("sparse initializer", file.toString());
        }
        Set<String> constants = new HashSet<>();
        for (TensorProto tensor : proto.getInitializerList()) {
            if (!constants.add(tensor.getName())) {
                throw new ModelFormatException(file, "initializer " + tensor.getName() + " is given twice");
            }
            builder.initializer(tensor.getName(), OnnxTensors.toTensor(tensor, file, arena));
        }
        return constants;
    }

    private List<Node> nodes(GraphProto proto) {
        Set<String> names = new HashSet<>();
        List<Node> nodes = new ArrayList<>();
        for (NodeProto node : proto.getNodeList()) {
            nodes.add(node(node, uniqueName(node, names)));
        }
        return nodes;
    }

    /** Reads a body; what it uses and does not define comes from outside. */
    private Attribute.Body body(GraphProto proto, String where, int firstOutside) {
        GraphBuilder builder = Graph.builder(proto.getName(), opset);
        others.forEach(builder::opset);
        Set<String> defined = constants(proto, builder);
        int parameters = 0;
        for (ValueInfoProto input : proto.getInputList()) {
            if (defined.add(input.getName())) {
                builder.input(innerInfo(input, "parameter", where));
                parameters++;
            }
        }
        List<Node> nodes = nodes(proto);
        nodes.forEach(node -> defined.addAll(node.outputs()));
        Set<String> outside = new LinkedHashSet<>();
        nodes.forEach(node -> outside.addAll(node.inputs()));
        proto.getOutputList().forEach(output -> outside.add(output.getName()));
        outside.removeAll(defined);
        outside.remove("");
        outside.forEach(name -> builder.input(ValueInfo.unknown(name)));
        nodes.forEach(builder::node);
        Set<String> outputs = new HashSet<>();
        for (ValueInfoProto output : proto.getOutputList()) {
            ValueInfo info = innerInfo(output, "output", where);
            if (!outputs.add(info.name())) {
                // Outputs of a body have places, those of our graphs names.
                info = info.withName(builder.add("Identity", info.name()));
            }
            builder.output(info);
        }
        return new Attribute.Body(builder.build(), parameters, firstOutside);
    }

    private ValueInfo innerInfo(ValueInfoProto proto, String role, String where) {
        TypeProto type = proto.getType();
        boolean untyped = type.getValueCase() == TypeProto.ValueCase.VALUE_NOT_SET
                || type.hasTensorType() && type.getTensorType().getElemType() == 0;
        return untyped ? ValueInfo.unknown(proto.getName()) : valueInfo(proto, where + " " + role);
    }

    private static String uniqueName(NodeProto node, Set<String> names) {
        String base = !node.getName().isEmpty() ? node.getName()
                : node.getOutputCount() > 0 && !node.getOutput(0).isEmpty() ? node.getOutput(0) : node.getOpType();
        String name = base;
        for (int i = 1; !names.add(name); i++) {
            name = base + "_" + i;
        }
        return name;
    }

    private ValueInfo valueInfo(ValueInfoProto proto, String role) {
        String where = role + " " + proto.getName();
        return type(proto.getType(), where).withName(proto.getName());
    }

    private ValueInfo type(TypeProto type, String where) {
        return switch (type.getValueCase()) {
            case TENSOR_TYPE -> tensors(ValueInfo.Kind.TENSOR, type, where);
            case SEQUENCE_TYPE -> tensors(ValueInfo.Kind.SEQUENCE, type.getSequenceType().getElemType(), where);
            case OPTIONAL_TYPE -> {
                TypeProto inner = type.getOptionalType().getElemType();
                yield inner.hasSequenceType()
                        ? tensors(ValueInfo.Kind.OPTIONAL_SEQUENCE, inner.getSequenceType().getElemType(), where)
                        : tensors(ValueInfo.Kind.OPTIONAL_TENSOR, inner, where);
            }
            default -> throw new UnsupportedOperatorException("type " + type.getValueCase(), where);
        };
    }

    private ValueInfo tensors(ValueInfo.Kind kind, TypeProto type, String where) {
        if (!type.hasTensorType()) {
            throw new UnsupportedOperatorException(kind.label() + " of type " + type.getValueCase(), where);
        }
        TypeProto.Tensor tensor = type.getTensorType();
        Optional<List<Dim>> dims = Optional.empty();
        if (tensor.hasShape()) {
            List<Dim> list = new ArrayList<>();
            for (TensorShapeProto.Dimension dim : tensor.getShape().getDimList()) {
                list.add(dim(dim, where));
            }
            dims = Optional.of(list);
        }
        return new ValueInfo("", kind, Optional.of(OnnxTypes.dataType(tensor.getElemType(), where)), dims);
    }

    private Dim dim(TensorShapeProto.Dimension dim, String where) {
        return switch (dim.getValueCase()) {
            case DIM_VALUE -> {
                if (dim.getDimValue() < 0) {
                    throw new ModelFormatException(file, where + ": extent " + dim.getDimValue() + " is negative");
                }
                yield Dim.of(dim.getDimValue());
            }
            case DIM_PARAM -> dim.getDimParam().isEmpty() ? Dim.UNKNOWN : Dim.of(dim.getDimParam());
            default -> Dim.UNKNOWN;
        };
    }

    private Node node(NodeProto proto, String name) {
        Map<String, Attribute> attributes = new LinkedHashMap<>();
        Node bare = new Node(name, proto.getOpType(), proto.getDomain(), proto.getInputList(), proto.getOutputList(),
                Attributes.NONE);
        if (bare.outputs().isEmpty()) {
            throw new ModelFormatException(file, "node " + name + " (" + bare.operator() + ") has no output");
        }
        if (bare.domain().isEmpty() && !own) {
            throw new ModelFormatException(file, "node " + name + " (" + bare.operator() + "): the file imports only "
                    + "the operators of " + others.keySet());
        }
        OldVersions.check(bare, opset);
        Arity.check(bare, file);
        List<String> inputs = new ArrayList<>(bare.inputs());
        for (AttributeProto attribute : proto.getAttributeList()) {
            Attribute value = attribute(attribute, bare, inputs.size());
            attributes.put(attribute.getName(), value);
            if (value instanceof Attribute.Body body) {
                body.graph().inputs().stream().skip(body.parameters()).forEach(info -> inputs.add(info.name()));
            }
        }
        return bare.withInputs(inputs).withAttributes(Attributes.of(attributes));
    }

    private Attribute attribute(AttributeProto proto, Node node, int inputs) {
        if (proto.hasRefAttrName() && !proto.getRefAttrName().isEmpty()) {
            throw new UnsupportedOperatorException(node, opset, "attribute " + proto.getName()
                    + " refers to a function's");
        }
        try {
            return switch (proto.getType()) {
                case INT -> new Attribute.IntValue(proto.getI());
                case FLOAT -> new Attribute.FloatValue(proto.getF());
                case STRING -> new Attribute.StringValue(proto.getS().toStringUtf8());
                case TENSOR -> new Attribute.TensorValue(OnnxTensors.toTensor(proto.getT(), file, arena));
                case INTS -> new Attribute.Ints(proto.getIntsList());
                case FLOATS -> new Attribute.Floats(proto.getFloatsList());
                case STRINGS -> new Attribute.Strings(proto.getStringsList().stream()
                        .map(com.google.protobuf.ByteString::toStringUtf8).toList());
                case GRAPH -> body(proto.getG(), "node " + node.name() + " " + proto.getName(), inputs);
                case TYPE_PROTO -> new Attribute.TypeValue(type(proto.getTp(), "node " + node.name()));
                default -> throw new UnsupportedOperatorException(node, opset,
                        "attribute " + proto.getName() + " of type " + proto.getType());
            };
        } catch (ModelFormatException e) {
            throw e;
        } catch (TersorException e) {
            throw e instanceof UnsupportedOperatorException unsupported ? unsupported
                    : new ModelFormatException(file, "node " + node.name() + ": " + e.getMessage(), e);
        }
    }
}
