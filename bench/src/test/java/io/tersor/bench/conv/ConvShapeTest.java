package io.tersor.bench.conv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConvShapeTest {
    @Test
    void bundledListsAddUpToTheirNetworks() {
        assertEquals(4087e6, multiplyAdds("resnet50"), 1e6);
        assertEquals(299e6, multiplyAdds("mobilenet-v2"), 1e6);
        assertEquals(23, ConvShape.LISTS.read("resnet50").size());
        assertEquals(30, ConvShape.LISTS.read("mobilenet-v2").size());
    }

    private static double multiplyAdds(String list) {
        List<ConvShape> shapes = ConvShape.LISTS.read(list);
        return shapes.stream().mapToDouble(shape -> shape.count() * shape.operations() / 2).sum();
    }

    @Test
    void extentsFollowTheWindow() {
        ConvShape shape = new ConvShape(6, 9, 8, 4, 3, 2, 2, 1, 2, 2, 1);
        assertEquals(Shape.of(1, 4, 4, 4), shape.dst());
        assertEquals(Shape.of(4, 3, 3, 2), shape.weights());
        assertEquals(2.0 * 16 * 4 * 18, shape.operations());
        assertEquals("6x9x8 4 3x2 s2 p1 d2 g2", shape.toString());
        assertFalse(shape.isBoundByWeights());
    }

    @Test
    void whatIsNoConvolutionIsRefused() {
        refused("groups", 6, 9, 8, 4, 3, 2, 2, 1, 2, 3, 1);
        refused("does not fit", 6, 2, 2, 4, 3, 3, 1, 0, 1, 1, 1);
        refused("extents", 0, 9, 8, 4, 3, 2, 2, 1, 2, 1, 1);
        refused("2^31 - 1", 60000, 200, 200, 4, 1, 1, 1, 0, 1, 1, 1);
    }

    private static void refused(String part, int... n) {
        String message = assertThrows(TersorException.class, () -> new ConvShape(n[0], n[1], n[2], n[3], n[4], n[5],
                n[6], n[7], n[8], n[9], n[10])).getMessage();
        assertTrue(message.contains(part), message);
    }
}
