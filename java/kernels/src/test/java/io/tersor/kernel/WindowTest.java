package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.OperandException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import org.junit.jupiter.api.Test;

class WindowTest {
    @Test
    void outputExtentsCountWholeWindows() {
        for (int extent = 0; extent < 12; extent++) {
            for (Window window : new Window[] {Window.of(3, 3), Window.of(3, 3).stride(2).padding(1),
                Window.of(2, 2).dilation(3, 3).padding(0, 0, 2, 1), Window.of(5, 1).stride(3, 2)}) {
                assertEquals(count(extent + window.padTop() + window.padBottom(), window.kh(), window.strideH(),
                        window.dilationH()), window.outHeight(extent));
                assertEquals(count(extent + window.padLeft() + window.padRight(), window.kw(), window.strideW(),
                        window.dilationW()), window.outWidth(extent));
            }
        }
    }

    /** Counts the positions whose last tap lies inside. */
    private static long count(int padded, int kernel, int stride, int dilation) {
        long positions = 0;
        for (int start = 0; start + (kernel - 1) * dilation < padded; start += stride) {
            positions++;
        }
        return positions;
    }

    @Test
    void ceilModeCountsALastPartialWindow() {
        Window window = Window.of(2, 2).stride(2);
        assertEquals(2, pool(window, false).outHeight(5));
        assertEquals(3, pool(window, true).outHeight(5));
        assertEquals(2, pool(window, true).outHeight(4));
        // The third window would start in the trailing padding.
        assertEquals(2, pool(Window.of(2, 2).stride(2).padding(0, 0, 1, 1), true).outHeight(4));
    }

    private static Pool2dSpec pool(Window window, boolean ceilMode) {
        return new Pool2dSpec(Pool2dSpec.Kind.MAX, DataType.F32, window, ceilMode, QuantParams.IDENTITY,
                QuantParams.IDENTITY);
    }

    @Test
    void knowsAPlainMultiplication() {
        assertTrue(Window.of(1, 1).isPointwise());
        assertTrue(Window.of(1, 1).dilation(2, 2).isPointwise());
        assertFalse(Window.of(1, 1).stride(2).isPointwise());
        assertFalse(Window.of(1, 1).padding(1).isPointwise());
        assertFalse(Window.of(1, 2).isPointwise());
    }

    @Test
    void knowsStepsOfOneAndPadding() {
        assertTrue(Window.of(3, 2).padding(1).hasUnitSteps());
        for (Window other : new Window[] {Window.of(3, 3).stride(2, 1), Window.of(3, 3).stride(1, 2),
                Window.of(3, 3).dilation(2, 1), Window.of(3, 3).dilation(1, 2)}) {
            assertFalse(other.hasUnitSteps(), other.toString());
            assertFalse(other.isPadded(), other.toString());
        }
        for (Window padded : new Window[] {Window.of(1, 1).padding(1, 0, 0, 0), Window.of(1, 1).padding(0, 1, 0, 0),
                Window.of(1, 1).padding(0, 0, 1, 0), Window.of(1, 1).padding(0, 0, 0, 1)}) {
            assertTrue(padded.isPadded(), padded.toString());
            assertFalse(padded.isPointwise(), padded.toString());
        }
    }

    @Test
    void refusesImpossibleWindows() {
        assertThrows(OperandException.class, () -> Window.of(0, 1));
        assertThrows(OperandException.class, () -> Window.of(1, 1).stride(0));
        assertThrows(OperandException.class, () -> Window.of(1, 1).padding(-1));
        assertThrows(OperandException.class, () -> Window.of(1, 1).dilation(1, 0));
    }

    @Test
    void convolutionShapesFollow() {
        Conv2dSpec spec = new Conv2dSpec(DataType.F32, DataType.F32, DataType.F32, 6, 4, Window.of(3, 3).padding(1)
                .stride(2), 2, QuantParams.IDENTITY, QuantParams.IDENTITY, QuantParams.IDENTITY, Bias.NONE,
                Activation.NONE);
        assertEquals(Shape.of(4, 3, 3, 3), spec.weightsShape());
        assertEquals(Shape.of(2, 4, 5, 4), spec.dstShape(Shape.of(2, 8, 9, 6)));
        assertEquals(27, spec.reduction());
        assertThrows(OperandException.class, () -> spec.dstShape(Shape.of(2, 8, 9, 5)));
    }
}
