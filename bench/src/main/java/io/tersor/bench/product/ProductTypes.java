package io.tersor.bench.product;

import static io.tersor.tensor.DataType.BF16;
import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.TersorException;
import io.tersor.tensor.DataType;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Types of src, weights and dst that can be timed, as a layer of a network has them. */
public enum ProductTypes {
    U8S8U8(U8, S8, U8, 128),
    S8S8S8(S8, S8, S8, 0),
    U8S8F32(U8, S8, F32, 128),
    /** Plain sums: no zero point, with which oneDNN would leave the integers, and no bias. */
    U8S8S32(U8, S8, S32, 0),
    F32F32F32(F32, F32, F32, 0),
    BF16BF16F32(BF16, BF16, F32, 0),
    BF16BF16BF16(BF16, BF16, BF16, 0),
    /** Rows of src are quantized at each run. */
    F32S8F32(F32, S8, F32, 0);

    private final DataType src;
    private final DataType weights;
    private final DataType dst;
    private final int srcZeroPoint;

    ProductTypes(DataType src, DataType weights, DataType dst, int srcZeroPoint) {
        this.src = src;
        this.weights = weights;
        this.dst = dst;
        this.srcZeroPoint = srcZeroPoint;
    }

    /**
     * Returns the types of a name such as {@code u8s8u8}.
     *
     * @throws TersorException if there are none
     */
    public static ProductTypes of(String label) {
        return Arrays.stream(values()).filter(types -> types.label().equals(label)).findFirst()
                .orElseThrow(() -> new TersorException("types: expected one of " + Arrays.stream(values())
                        .map(ProductTypes::label).collect(Collectors.joining(", ")) + ", got '" + label + "'"));
    }

    /** Returns the name: the three types, or {@code f32} where all are that. */
    public String label() {
        return this == F32F32F32 ? "f32" : name().toLowerCase(Locale.ROOT);
    }

    /** Returns the type of src. */
    public DataType src() {
        return src;
    }

    /** Returns the type of the weights. */
    public DataType weights() {
        return weights;
    }

    /** Returns the type of dst. */
    public DataType dst() {
        return dst;
    }

    /** Returns the zero point of a quantized src. */
    public int srcZeroPoint() {
        return srcZeroPoint;
    }

    /** Returns whether bytes are multiplied. */
    public boolean multipliesBytes() {
        return weights == S8;
    }

    /** Returns whether dst is the plain sum. */
    public boolean isPlain() {
        return dst == S32;
    }
}
