package io.tersor.model.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import io.tersor.model.ModelFormatException;
import io.tersor.model.Value;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Values in files of their own, as ONNX's test data have them: TensorProto, SequenceProto, OptionalProto. The last two
 * (onnx-data.proto) are not among the generated classes; only their fields of tensors and sequences are read.
 */
public final class OnnxValues {
    private static final int SEQUENCE_TENSORS = 3;
    private static final int OPTIONAL_TENSOR = 3;
    private static final int OPTIONAL_SEQUENCE = 5;

    private OnnxValues() {}

    /**
     * Reads a file.
     *
     * @param info what kind of value it is
     * @throws ModelFormatException if the file is missing or damaged
     * @throws io.tersor.model.UnsupportedOperatorException if its element type is not implemented
     */
    public static Value read(Path file, ValueInfo info, Arena arena) {
        if (info.kind() == ValueInfo.Kind.TENSOR) {
            return Value.of(OnnxTensors.read(file, arena).tensor());
        }
        try {
            CodedInputStream stream = CodedInputStream.newInstance(Files.readAllBytes(file));
            return info.kind() == ValueInfo.Kind.SEQUENCE ? sequence(stream, file, info, arena)
                    : optional(stream, file, info, arena);
        } catch (InvalidProtocolBufferException e) {
            throw new ModelFormatException(file, "not an ONNX " + info.kind().label() + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new ModelFormatException(file, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static Value sequence(CodedInputStream stream, Path file, ValueInfo info, Arena arena) throws IOException {
        List<Tensor> tensors = new ArrayList<>();
        for (int tag = stream.readTag(); tag != 0; tag = stream.readTag()) {
            if (WireFormat.getTagFieldNumber(tag) == SEQUENCE_TENSORS) {
                tensors.add(OnnxTensors.toTensor(TensorProto.parseFrom(stream.readByteArray()), file, arena));
            } else {
                stream.skipField(tag);
            }
        }
        return Value.of(info.type(), tensors);
    }

    private static Value optional(CodedInputStream stream, Path file, ValueInfo info, Arena arena) throws IOException {
        Optional<Value> value = Optional.empty();
        for (int tag = stream.readTag(); tag != 0; tag = stream.readTag()) {
            switch (WireFormat.getTagFieldNumber(tag)) {
                case OPTIONAL_TENSOR -> value = Optional.of(Value.of(OnnxTensors.toTensor(
                        TensorProto.parseFrom(stream.readByteArray()), file, arena)));
                case OPTIONAL_SEQUENCE -> value = Optional.of(sequence(
                        CodedInputStream.newInstance(stream.readByteArray()), file, info, arena));
                default -> stream.skipField(tag);
            }
        }
        return new Value.OptionalValue(value);
    }
}
