package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import io.tersor.OperandException;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.ModelFormatException;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.sparse.SparseFormat;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads ONNX models (protobuf, IR version 3 and later). */
public final class OnnxReader {
    /** Key of a metadata entry that tells how the zeros of a constant are arranged, followed by the constant's name. */
    static final String SPARSITY = "tersor.sparsity.";

    private static final int MIN_OPSET = 1;
    private static final int MAX_OPSET = 28;

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
        int opset = opset(model);
        GraphBuilder builder = Graph.builder(proto.getName(), opset);
        Map<String, Integer> others = new LinkedHashMap<>();
        boolean own = model.getOpsetImportCount() == 0;
        for (OperatorSetIdProto imported : model.getOpsetImportList()) {
            String domain = imported.getDomain();
            if (isOwn(domain)) {
                own = true;
            } else {
                others.put(domain, (int) imported.getVersion());
            }
        }
        others.forEach(builder::opset);
        for (StringStringEntryProto entry : model.getMetadataPropsList()) {
            metadata(builder, entry.getKey(), entry.getValue());
        }
        new OnnxGraphs(file, arena, opset, own, others).read(proto, builder);
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

    private static boolean isOwn(String domain) {
        return domain.isEmpty() || domain.equals("ai.onnx");
    }

    /**
     * Returns the version of ONNX's own operators: the first where a file, as old ones do, imports nothing at all, the
     * newest where it imports only other domains and so may use none of these operators.
     */
    private int opset(ModelProto model) {
        long version = model.getOpsetImportCount() == 0 ? 1 : MAX_OPSET;
        for (OperatorSetIdProto imported : model.getOpsetImportList()) {
            if (isOwn(imported.getDomain())) {
                version = imported.getVersion();
            }
        }
        if (version < MIN_OPSET || version > MAX_OPSET) {
            throw new UnsupportedOperatorException("opset " + version + " (newest known: " + MAX_OPSET + ")",
                    file.toString());
        }
        return (int) version;
    }
}
