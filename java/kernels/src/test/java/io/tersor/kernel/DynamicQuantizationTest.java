package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DynamicQuantizationTest {
    /** Levels and scale of one row. */
    private record Row(int[] levels, float scale) {
        private static Row of(float... values) {
            return apart(1, values);
        }

        /** The same with other numbers, even NaN, between the elements. */
        private static Row apart(int stride, float... values) {
            try (Arena arena = Arena.ofConfined()) {
                float[] spread = new float[2 + values.length * stride];
                Arrays.fill(spread, Float.NaN);
                for (int i = 0; i < values.length; i++) {
                    spread[2 + i * stride] = values[i];
                }
                Tensor src = Tensor.ofFloats(arena, Shape.of(spread.length), spread);
                int[] levels = new int[values.length];
                Arrays.fill(levels, 99);
                float scale = DynamicQuantization.quantize(src.data(), 2 * Float.BYTES, (long) stride * Float.BYTES,
                        levels);
                return new Row(levels, scale);
            }
        }
    }

    @Test
    void theLargestMagnitudeBecomes127() {
        Row row = Row.of(1f, -2f, 0.5f, 0f, -0f);
        assertArrayEquals(new int[] {64, -127, 32, 0, 0}, row.levels);
        assertEquals(2f / 127f, row.scale);
    }

    @Test
    void halvesGoToTheEvenLevel() {
        assertArrayEquals(new int[] {127, 0, 2, 2, 0, -2, 126, -126},
                Row.of(127f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 126.5f, -126.5f).levels);
    }

    @Test
    void elementsAreMultipliedByTheRoundedInverse() {
        Random random = new Random(3);
        for (int i = 0; i < 4_000; i++) {
            float[] values = new float[3];
            for (int j = 0; j < values.length; j++) {
                values[j] = (float) (random.nextGaussian() * Math.scalb(1.0, random.nextInt(-60, 60)));
            }
            float largest = Math.max(Math.abs(values[0]), Math.max(Math.abs(values[1]), Math.abs(values[2])));
            float inverse = 127f / largest;
            Row row = Row.of(values);
            assertEquals(largest / 127f, row.scale);
            for (int j = 0; j < values.length; j++) {
                float product = values[j] * inverse;
                assertEquals((int) Math.rint(product), row.levels[j]);
                assertTrue(Math.abs(row.levels[j]) <= 127);
                assertEquals(values[j], (double) row.levels[j] * row.scale, row.scale * 0.50001);
            }
        }
    }

    @Test
    void noMagnitudeExceeds127() {
        for (float largest = 0x1p-100f; largest < Float.MAX_VALUE / 1.37f; largest *= 1.37f) {
            assertArrayEquals(new int[] {127, -127, 127}, Row.of(largest, -largest, Math.nextDown(largest)).levels);
        }
        assertArrayEquals(new int[] {127, -127}, Row.of(Float.MAX_VALUE, -Float.MAX_VALUE).levels);
    }

    @Test
    void tinyRowsCountAsZeros() {
        for (Row row : new Row[] {Row.of(0f, -0f, 0f), Row.of(Math.nextDown(0x1p-100f), Float.MIN_VALUE, -0x1p-101f)}) {
            assertArrayEquals(new int[3], row.levels);
            assertEquals(0f, row.scale);
        }
        Row smallest = Row.of(0x1p-100f, -0x1p-101f, 0x1p-120f);
        assertArrayEquals(new int[] {127, -64, 0}, smallest.levels);
        assertEquals(0x1p-100f / 127f, smallest.scale);
    }

    @Test
    void rowsWithoutAFiniteLargestMagnitudeAreNan() {
        for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            for (Row row : new Row[] {Row.of(wrong, 1, 2), Row.of(1, wrong, 2), Row.of(1, 2, wrong),
                Row.of(Float.NaN, wrong, 1e38f)}) {
                assertArrayEquals(new int[3], row.levels);
                assertTrue(Float.isNaN(row.scale));
            }
        }
    }

    @Test
    void nothingGivesScaleZero() {
        assertEquals(0f, Row.of().scale);
    }

    @Test
    void onlyTheElementsOfTheRowAreRead() {
        for (int stride : new int[] {2, 5}) {
            Row row = Row.apart(stride, 3f, -6f, 1f);
            assertArrayEquals(Row.of(3f, -6f, 1f).levels, row.levels);
            assertEquals(6f / 127f, row.scale);
        }
    }

    @Test
    void scaleAndInverseAgreeWithTheRow() {
        assertEquals(0f, DynamicQuantization.scale(0f));
        assertEquals(0f, DynamicQuantization.inverse(0f));
        assertEquals(0f, DynamicQuantization.inverse(Math.nextDown(DynamicQuantization.SMALLEST)));
        assertEquals(127f / DynamicQuantization.SMALLEST,
                DynamicQuantization.inverse(DynamicQuantization.SMALLEST));
        assertEquals(1f, DynamicQuantization.scale(127f));
        assertEquals(1f, DynamicQuantization.inverse(127f));
        for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            assertTrue(Float.isNaN(DynamicQuantization.scale(wrong)));
            assertEquals(0f, DynamicQuantization.inverse(wrong));
        }
    }
}
