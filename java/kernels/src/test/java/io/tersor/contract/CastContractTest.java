package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.CastSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Conversions between element types on every backend, bit for bit. */
@Tag("isa-tiers")
class CastContractTest {
    private static final int[] LENGTHS = {0, 1, 15, 17, 64, 1031, 300_000};
    private static final double[] EDGES = {0, -0.0, 0.5, -0.5, 1, -1, 254.9f, 255.5f, 256, -128.9f, 127.9f, 128, 0x1p31,
        -0x1p31, 0x1.fffffep30f, 0x1p63, -0x1p63, 0x1.fffffep62f, 3e38f, -3e38f, Double.NaN, Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY, 65504, 65519.9f, 65520, 65536, 0x1p-24, 0x1p-25, 0x1.000002p-25f, 0x1.8p-24,
        0x1.ffcp-15, 0x1.002p0, 0x1.006p0, 0x1p-149, 16777217, 33554431, -16777219};

    @TestFactory
    Stream<DynamicNode> casts() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType from : DataType.values()) {
            for (DataType to : DataType.values()) {
                for (int length : LENGTHS) {
                    if (CastSpec.covers(from, to)) {
                        cases.add(cast("cast-" + cases.size(), from, to, length));
                    }
                }
            }
        }
        return ContractSuite.of(CastContractTest.class, cases);
    }

    private static UnaryCase cast(String id, DataType from, DataType to, int length) {
        Draw draw = new Draw(id);
        double[] src = new double[length];
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            double drawn = draw.below(2) == 0 ? EDGES[draw.below(EDGES.length)]
                    : (draw.below(1 << 24) - (1 << 23)) / (double) (1 << draw.below(16));
            src[i] = from.isFloating() || from == DataType.BOOL ? rounded(drawn, from) : saturated(drawn, from);
            values[i] = to.isFloating() || to == DataType.BOOL ? rounded(src[i], to)
                    : from.isFloating() ? saturated(src[i], to) : low((long) src[i], to);
        }
        UnaryCase one = new UnaryCase(id, new CastSpec(from, to), Shape.of(length), src, Expected.exact(values));
        return length > 10_000 ? one.on(3) : one;
    }

    private static double rounded(double x, DataType type) {
        return switch (type) {
            case F32 -> (float) x;
            case F16 -> Float.float16ToFloat(Float.floatToFloat16((float) x));
            case BF16 -> bfloat16((float) x);
            default -> x != 0 ? 1 : 0;
        };
    }

    /** 0 of NaN; of 64 bits what a double can tell. */
    private static double saturated(double x, DataType type) {
        return (double) (type == DataType.S64 ? (long) x : Math.clamp((long) x, (int) type.min(), (int) type.max()));
    }

    private static double low(long x, DataType type) {
        return switch (type) {
            case S32 -> (int) x;
            case S8 -> (byte) x;
            case U8 -> x & 0xFF;
            default -> x;
        };
    }

    private static double bfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? Double.NaN : Float.intBitsToFloat(bits + 0x7FFF + (bits >>> 16 & 1) & 0xFFFF0000);
    }

    @Test
    void otherTypesAreRefused() {
        assertThrows(OperandException.class, () -> new CastSpec(DataType.F16, DataType.S32));
        assertThrows(OperandException.class, () -> new CastSpec(DataType.F32, DataType.F32));
        assertThrows(OperandException.class, () -> new CastSpec(DataType.F32, DataType.S4));
        assertThrows(OperandException.class, () -> new CastSpec(DataType.F16, DataType.BF16));
    }
}
