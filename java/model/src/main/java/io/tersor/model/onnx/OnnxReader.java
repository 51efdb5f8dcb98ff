package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tersor.OperandException;
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
import io.tersor.sparse.SparseFormat;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads ONNX models (protobuf, IR version 3 and later). */
public final class OnnxReader {
    /** Key of a metadata entry that tells how the zeros of a constant are arranged, followed by the constant's name. */
    static final String SPARSITY = "tersor.sparsity.";

    private static final int MIN_OPSET = 7;
    private static final int MAX_OPSET = 27;

    private final Path file;
    private final Arena arena = Arena.ofAuto();

    private OnnxReader(Path file) {
        this.file = file;
    }

    /** Reads a model; see {@link Graph#load}. */
    public static Graph read(Path file) {
        // The bytes are needed only until the tensors are copied out of them.
        try (Arena scratch = Arena.ofConfined()) {
            return new OnnxReader(file).graph(parse(file, scratch));
        }
    }

    private static ModelProto parse(Path file, Arena scratch) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new ModelFormatException(file, Files.exists(file) ? "not a file" : "there is no such file");
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                if (channel.size() > Integer.MAX_VALUE) {
                    throw new ModelFormatException(file, "above 2 GiB; larger models keep their data in other files");
                }
                // Mapped rather than read: half of the time would go into memory that is given back at once.
                MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), scratch);
                CodedInputStream stream = CodedInputStream.newInstance(bytes.asByteBuffer());
                stream.enableAliasing(true);
                stream.setSizeLimit(Integer.MAX_VALUE);
                ModelProto model = ModelProto.parseFrom(stream);
                stream.checkLastTagWas(0);
                return model;
            }
        } catch (InvalidProtocolBufferException e) {
            throw new ModelFormatException(file, "not an ONNX model, or damaged: " + e.getMessage(), e);
        } catch (NoSuchFileException e) {
            throw new ModelFormatException(file, "there is no such file", e);
        } catch (IOException e) {
            throw new ModelFormatException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private Graph graph(ModelProto model) {
        if (!model.hasGraph()) {
            throw new ModelFormatException(file, "not an ONNX model: it has no graph");
        }
        GraphProto proto = model.getGraph();
        GraphBuilder builder = Graph.builder(proto.getName(), opset(model));
        for (OperatorSetIdProto imported : model.getOpsetImportList()) {
            String domain = imported.getDomain();
            if (!domain.isEmpty() && !domain.equals("ai.onnx")) {
                builder.opset(domain, (int) imported.getVersion());
            }
        }
        for (StringStringEntryProto entry : model.getMetadataPropsList()) {
            metadata(builder, entry.getKey(), entry.getValue());
        }
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
        int opset = opset(model);
        Set<String> names = new HashSet<>();
        for (NodeProto node : proto.getNodeList()) {
            builder.node(node(node, uniqueName(node, names), opset));
        }
        return builder.build();
    }

    private void metadata(GraphBuilder builder, String key, String value) {
        if (!key.startsWith(SPARSITY)) {
            builder.metadata(key, value);
            return;
        }
        try {
            builder.sparsity(key.substring(SPARSITY.length()), SparseFormat.parse(value));
        } catch (OperandException e) {
            throw new ModelFormatException(file, "metadata " + key + ": " + e.getMessage(), e);
        }
    }

    private int opset(ModelProto model) {
        long version = 1;
        for (OperatorSetIdProto imported : model.getOpsetImportList()) {
            if (imported.getDomain().isEmpty() || imported.getDomain().equals("ai.onnx")) {
                version = imported.getVersion();
            }
        }
        if (version < MIN_OPSET || version > MAX_OPSET) {
            throw new UnsupportedOperatorException("opset " + version, file.toString());
        }
        return (int) version;
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
        TypeProto type = proto.getType();
        String where = role + " " + proto.getName();
        if (type.getValueCase() != TypeProto.ValueCase.TENSOR_TYPE) {
            throw new UnsupportedOperatorException("type " + type.getValueCase(), where);
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
        return new ValueInfo(proto.getName(), OnnxTypes.dataType(tensor.getElemType(), where), dims);
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

    private Node node(NodeProto proto, String name, int opset) {
        Map<String, Attribute> attributes = new LinkedHashMap<>();
        Node bare = new Node(name, proto.getOpType(), proto.getDomain(), proto.getInputList(), proto.getOutputList(),
                Attributes.NONE);
        if (bare.outputs().isEmpty()) {
            throw new ModelFormatException(file, "node " + name + " (" + bare.operator() + ") has no output");
        }
        Arity.check(bare, file);
        for (AttributeProto attribute : proto.getAttributeList()) {
            attributes.put(attribute.getName(), attribute(attribute, bare, opset));
        }
        return bare.withAttributes(Attributes.of(attributes));
    }

    private Attribute attribute(AttributeProto proto, Node node, int opset) {
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
