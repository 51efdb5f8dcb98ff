package io.tersor.quant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuantizerTest {
    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    private Tensor floats(float... values) {
        return Tensor.ofFloats(arena, Shape.of(values.length), values);
    }

    @Test
    void symmetricIsRoundTimesScale() {
        // w' = round(w / s) * s
        float scale = 0.25f;
        float[] weights = {0, 0.1f, 0.125f, 0.2f, 0.375f, -0.125f, -0.3f, 1.13f};
        QuantizedTensor quantized = Quantizer.symmetric(DataType.S8)
                .quantize(floats(weights), QuantParams.perTensor(scale, 0), arena);
        float[] restored = quantized.dequantize(arena).toFloats();
        for (int i = 0; i < weights.length; i++) {
            assertEquals((float) Math.rint(weights[i] / scale) * scale + 0f, restored[i]);
        }
        assertArrayEquals(new long[] {0, 0, 0, 1, 2, 0, -1, 5}, quantized.values().toLongs());
    }

    @Test
    void floorMidpointIsTheMiddleOfItsStep() {
        // y = floor(x / q), z = y * q + q / 2
        float q = 0.5f;
        float[] values = {0, 0.1f, 0.5f, 0.99f, -0.01f, -0.5f, -0.51f, 3.3f};
        QuantizedTensor quantized = Quantizer.floorMidpoint(DataType.S8, q, floats(values), arena);
        assertArrayEquals(new long[] {0, 0, 1, 1, -1, -1, -2, 6}, quantized.values().toLongs());
        float[] restored = quantized.dequantize(arena).toFloats();
        for (int i = 0; i < values.length; i++) {
            assertEquals(Math.floor(values[i] / q) * q + q / 2, restored[i]);
            assertTrue(Math.abs(restored[i] - values[i]) <= q / 2);
        }
    }

    @Test
    void symmetricRangeIsTheLargestMagnitude() {
        QuantParams s8 = Quantizer.symmetric(DataType.S8).params(floats(-2.54f, 1));
        assertEquals(2.54f / 127, s8.scale(), 1e-9);
        assertEquals(0, s8.zeroPoint());
        QuantParams u8 = Quantizer.symmetric(DataType.U8).params(floats(-1.27f, 1));
        assertEquals(128, u8.zeroPoint());
        assertEquals(0.01f, u8.scale(), 1e-9);
        assertEquals(7f / 7, Quantizer.symmetric(DataType.S4).params(floats(7)).scale());
    }

    @Test
    void asymmetricRangeHoldsZeroExactly() {
        QuantParams params = Quantizer.asymmetric(DataType.U8).params(-1f, 1.55f);
        assertEquals(0.01f, params.scale(), 1e-9);
        assertEquals(100, params.zeroPoint());
        assertEquals(0, Quantizer.asymmetric(DataType.U8).params(2f, 5.1f).zeroPoint());
        assertEquals(5.1f / 255, Quantizer.asymmetric(DataType.U8).params(2f, 5.1f).scale());
        assertEquals(255, Quantizer.asymmetric(DataType.U8).params(-5f, -1f).zeroPoint());
        assertEquals(127, Quantizer.asymmetric(DataType.S8).params(-5f, -1f).zeroPoint());
    }

    @ParameterizedTest
    @EnumSource(value = DataType.class, names = {"S8", "U8", "S4", "U4"})
    void errorIsAtMostHalfAStep(DataType type) {
        Random random = new Random(7);
        float[] values = new float[1000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() + 0.3);
        }
        for (Quantizer quantizer : new Quantizer[] {Quantizer.symmetric(type), Quantizer.asymmetric(type)}) {
            QuantizedTensor quantized = quantizer.quantize(floats(values), arena);
            float[] restored = quantized.dequantize(arena).toFloats();
            double scale = quantized.params().scale();
            for (int i = 0; i < values.length; i++) {
                // Rounding the zero point moves the range's ends by up to half a step more.
                assertEquals(values[i], restored[i], scale * 1.0001, () -> type + " scale " + scale);
            }
        }
    }

    @Test
    void perChannelUsesEachChannelsRange() {
        Tensor weights = Tensor.ofFloats(arena, Shape.of(2, 3), 1.27f, 12.7f, 0, -0.5f, 1, 0);
        QuantizedTensor quantized = Quantizer.symmetric(DataType.S8).perChannel(1).quantize(weights, arena);
        assertEquals(3, quantized.params().count());
        assertEquals(0.01f, quantized.params().scale(0), 1e-9);
        assertEquals(0.1f, quantized.params().scale(1), 1e-8);
        assertEquals(1f, quantized.params().scale(2));
        assertArrayEquals(new long[] {127, 127, 0, -50, 10, 0}, quantized.values().toLongs());
        assertEquals(6 + 3 * 4, quantized.byteSize());
    }

    @Test
    void perGroupUsesEachGroupsRange() {
        Tensor weights = Tensor.ofFloats(arena, Shape.of(1, 5), 7, -7, 0.7f, 0.35f, 70);
        QuantizedTensor quantized = Quantizer.symmetric(DataType.S4).perGroup(1, 2).quantize(weights, arena);
        assertEquals(3, quantized.params().count());
        assertArrayEquals(new long[] {7, -7, 7, 4, 7}, quantized.values().toLongs());
        assertEquals(3 + 3 * 4, quantized.byteSize());
    }

    @Test
    void quantizeSaturatesAndDefinesNonFiniteNumbers() {
        for (Rounding rounding : Rounding.values()) {
            assertEquals(127, Quantizer.quantize(1e30f, 0.1f, 5, DataType.S8, rounding));
            assertEquals(-128, Quantizer.quantize(-1e30f, 0.1f, 5, DataType.S8, rounding));
            assertEquals(255, Quantizer.quantize(Float.POSITIVE_INFINITY, 1, 0, DataType.U8, rounding));
            assertEquals(0, Quantizer.quantize(Float.NEGATIVE_INFINITY, 1, 0, DataType.U8, rounding));
            assertEquals(-128, Quantizer.quantize(Float.NaN, 1, 7, DataType.S8, rounding));
            assertEquals(7, Quantizer.quantize(-0f, 1, 7, DataType.S8, rounding));
        }
        assertEquals(127, Quantizer.quantize(Float.MAX_VALUE, Float.MIN_VALUE, 0, DataType.S8, Rounding.HALF_EVEN));
        assertEquals(3, Quantizer.quantize(2.5f, 1, 0, DataType.S8, Rounding.HALF_AWAY));
        assertEquals(2, Quantizer.quantize(2.5f, 1, 0, DataType.S8, Rounding.HALF_EVEN));
        assertEquals(-3, Quantizer.quantize(-2.1f, 1, 0, DataType.S8, Rounding.FLOOR));
    }

    @Test
    void emptyRangesAndTensorsHaveAUsableScale() {
        assertEquals(1f, Quantizer.symmetric(DataType.S8).params(floats(0, 0)).scale());
        assertEquals(1f, Quantizer.asymmetric(DataType.U8).params(0f, 1e-44f).scale());
        Tensor empty = Tensor.allocate(arena, DataType.F32, Shape.of(0, 3));
        assertEquals(3, Quantizer.symmetric(DataType.S8).perChannel(1).quantize(empty, arena).params().count());
    }

    @Test
    void refusesWhatItCannotMean() {
        assertThrows(OperandException.class, () -> Quantizer.symmetric(DataType.F32));
        assertThrows(OperandException.class, () -> Quantizer.symmetric(DataType.BOOL));
        assertThrows(OperandException.class, () -> Quantizer.symmetric(DataType.S8).params(floats(1, Float.NaN)));
        assertThrows(OperandException.class,
                () -> Quantizer.symmetric(DataType.S8).perChannel(2).params(floats(1, 2)));
        assertThrows(OperandException.class, () -> new QuantizedTensor(floats(1), QuantParams.IDENTITY));
    }
}
