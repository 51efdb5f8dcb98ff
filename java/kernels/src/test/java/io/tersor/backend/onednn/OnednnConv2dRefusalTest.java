package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Residual;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Convolutions for which oneDNN would be wrong or write where it has no memory, on whatever machine this runs. */
class OnednnConv2dRefusalTest {
    private static final String OVERRUN = "overruns";
    private static final Window DILATED = Window.of(3, 3).dilation(3, 2).padding(2);

    @BeforeEach
    void needsTheLibrary() {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
    }

    @Test
    void refusesPaddedDilatedWindowsOfShiftedSources() {
        assertTrue(overruns(DataType.U8, 3, DILATED));
        assertTrue(overruns(DataType.S8, 0, DILATED));
        assertTrue(overruns(DataType.S8, -5, DILATED));
        assertTrue(overruns(DataType.U8, 3, DILATED.stride(2, 5)));
        assertTrue(overruns(DataType.U8, 3, Window.of(2, 1).dilation(2, 1).padding(1, 0, 0, 0)));
        assertTrue(overruns(DataType.U8, 3, Window.of(2, 1).dilation(2, 1).padding(0, 0, 1, 0)));
    }

    @Test
    void takesWhatIsLikeThem() {
        assertEquals(Optional.empty(), refusal(DataType.F32, 0, DILATED));
        assertFalse(overruns(DataType.U8, 0, DILATED));
        assertFalse(overruns(DataType.U8, 3, Window.of(3, 3).dilation(3, 2)));
        assertFalse(overruns(DataType.U8, 3, DILATED.padding(0, 2, 0, 2)));
        assertFalse(overruns(DataType.U8, 3, DILATED.stride(3, 1)));
        assertFalse(overruns(DataType.U8, 3, Window.of(1, 3).dilation(3, 2).padding(2)));
        assertFalse(overruns(DataType.U8, 3, Window.of(3, 3).dilation(1, 2).padding(2)));
    }

    @Test
    void refusesWindowsLowerThanTheirStrideOnAvx512() {
        for (Window window : List.of(Window.of(1, 3).stride(2, 1).padding(0, 1, 0, 1), Window.of(2, 2).stride(4),
                Window.of(1, 1).stride(3, 1).padding(0, 0, 1, 0))) {
            assertTrue(OnednnConv2d.skipsRows(window));
            boolean refused = refusal(DataType.F32, 0, window).filter(reason -> reason.contains("stride")).isPresent();
            assertEquals(Onednn.get().hasAvx512(), refused, window.toString());
        }
        for (Window window : List.of(Window.of(1, 1).stride(2), Window.of(2, 2).stride(2), Window.of(3, 1).stride(1, 2),
                Window.of(3, 3).stride(2).padding(1))) {
            assertFalse(OnednnConv2d.skipsRows(window));
            assertEquals(Optional.empty(), refusal(DataType.F32, 0, window));
        }
    }

    @Test
    void refusesColumnsOfPaddingAlone() {
        for (Window window : List.of(Window.of(3, 2).dilation(2, 1).padding(2, 1, 1, 2),
                Window.of(1, 1).padding(0, 1, 0, 0),
                Window.of(1, 1).dilation(1, 3).padding(0, 1, 0, 0), Window.of(1, 3).dilation(1, 2).padding(0, 3, 0, 1),
                Window.of(1, 3).dilation(1, 2).stride(3, 2).padding(0, 0, 1, 5), Window.of(3, 3).padding(0, 0, 0, 3))) {
            assertTrue(crashes(window, 1), window.toString());
            assertFalse(crashes(window, 5), window.toString());
        }
        for (Window window : List.of(Window.of(3, 3).padding(2), Window.of(2, 2).padding(1),
                Window.of(3, 3).padding(5, 2, 5, 1),
                Window.of(3, 3).dilation(6, 6).padding(6), Window.of(1, 5).dilation(1, 2).padding(0, 3, 0, 4),
                Window.of(1, 1).padding(1, 0, 1, 0))) {
            assertFalse(crashes(window, 1), window.toString());
        }
    }

    @Test
    void refusesResidualsUnderStridesLongerThanThePadding() {
        Window window = Window.of(2, 5).stride(2, 5).padding(0, 3, 0, 0);
        assertTrue(mistakesResiduals(DataType.F32, Optional.of(Residual.F32), window));
        assertTrue(mistakesResiduals(DataType.F32, Optional.of(Residual.F32), window.stride(1, 6).padding(0, 3, 0, 2)));
        assertFalse(mistakesResiduals(DataType.F32, Optional.of(Residual.F32), window.padding(0, 3, 0, 2)));
        assertFalse(mistakesResiduals(DataType.F32, Optional.of(Residual.F32), window.padding(0)));
        assertFalse(mistakesResiduals(DataType.F32, Optional.empty(), window));
        assertFalse(mistakesResiduals(DataType.U8, Optional.of(Residual.F32), window));
    }

    private static boolean mistakesResiduals(DataType src, Optional<Residual> residual, Window window) {
        Conv2dSpec plain = spec(src, 0, 5, 7, 1, window);
        Conv2dSpec spec = new Conv2dSpec(src, plain.weights(), DataType.F32, 5, 7, window, 1, plain.srcParams(),
                plain.weightsParams(), QuantParams.IDENTITY, Bias.NONE, residual, Activation.NONE);
        assertEquals(OnednnConv2d.mistakesResiduals(spec), OnednnConv2d.refusal(spec).isPresent(), window.toString());
        return OnednnConv2d.mistakesResiduals(spec);
    }

    private static boolean crashes(Window window, int groups) {
        return OnednnConv2d.refusal(spec(DataType.F32, 0, 5, 5, groups, window))
                .filter(reason -> reason.contains("crashes")).isPresent();
    }

    @Test
    void refusesStridesAlongTheRowsOfOneChannelOnAvx512() {
        Window rows = Window.of(2, 3).stride(1, 2);
        for (DataType src : List.of(DataType.F32, DataType.U8)) {
            assertTrue(mistakes(src, 1, 7, 1, rows));
            assertTrue(mistakes(src, 1, 1, 1, Window.of(1, 2).stride(1, 4)));
            assertTrue(mistakes(src, 3, 6, 3, rows));
            assertFalse(mistakes(src, 3, 3, 3, rows));
            assertFalse(mistakes(src, 2, 7, 1, rows));
            assertFalse(mistakes(src, 1, 7, 1, Window.of(2, 3)));
            assertFalse(mistakes(src, 1, 7, 1, Window.of(2, 3).stride(2)));
            assertFalse(mistakes(src, 1, 7, 1, Window.of(3, 1).stride(1, 2)));
            assertFalse(mistakes(src, 1, 7, 1, rows.dilation(1, 2)));
        }
    }

    @Test
    void refusesShiftedChannelsThatAreConvolvedAlone() {
        Window plain = Window.of(3, 3);
        Window row = Window.of(1, 3);
        assertTrue(mistakesShifts(DataType.S8, 0, 1, 33, 1, plain));
        assertTrue(mistakesShifts(DataType.U8, 3, 4, 68, 4, plain.padding(1)));
        assertTrue(mistakesShifts(DataType.U8, 3, 1, 1, 1, plain));
        assertTrue(mistakesShifts(DataType.S8, 0, 8, 8, 8, row.padding(1, 0, 0, 0)));
        assertTrue(mistakesShifts(DataType.U8, 3, 8, 8, 8, row.padding(0, 0, 1, 0)));
        assertFalse(mistakesShifts(DataType.U8, 0, 1, 33, 1, plain));
        assertFalse(mistakesShifts(DataType.F32, 0, 1, 33, 1, plain));
        assertFalse(mistakesShifts(DataType.S8, 0, 2, 33, 1, plain));
        assertFalse(mistakesShifts(DataType.S8, 0, 8, 8, 8, plain.padding(1)));
        assertFalse(mistakesShifts(DataType.S8, 0, 8, 8, 8, row.padding(0, 1, 0, 1)));
    }

    /** Where VNNI is missing the reason is another one. */
    private static boolean mistakesShifts(DataType src, int zeroPoint, int ic, int oc, int groups, Window window) {
        Conv2dSpec spec = spec(src, zeroPoint, ic, oc, groups, window);
        assertEquals(OnednnConv2d.mistakesShifts(spec), OnednnConv2d.refusal(spec).isPresent(), spec.toString());
        return OnednnConv2d.mistakesShifts(spec);
    }

    private static boolean mistakes(DataType src, int ic, int oc, int groups, Window window) {
        Conv2dSpec spec = spec(src, 0, ic, oc, groups, window);
        boolean refused = OnednnConv2d.refusal(spec).filter(reason -> reason.contains("along its rows")).isPresent();
        assertEquals(Onednn.get().hasAvx512() && OnednnConv2d.mistakesRows(spec), refused, window.toString());
        return OnednnConv2d.mistakesRows(spec);
    }

    private static boolean overruns(DataType src, int zeroPoint, Window window) {
        return refusal(src, zeroPoint, window).filter(reason -> reason.contains(OVERRUN)).isPresent();
    }

    private static Optional<String> refusal(DataType src, int zeroPoint, Window window) {
        return OnednnConv2d.refusal(spec(src, zeroPoint, 5, 7, 1, window));
    }

    private static Conv2dSpec spec(DataType src, int zeroPoint, int ic, int oc, int groups, Window window) {
        boolean real = src == DataType.F32;
        QuantParams params = real ? QuantParams.IDENTITY : QuantParams.perTensor(0.25f, zeroPoint);
        return new Conv2dSpec(src, real ? DataType.F32 : DataType.S8, DataType.F32, ic, oc, window,
                groups, params, real ? QuantParams.IDENTITY : QuantParams.perTensor(0.5f, 0), QuantParams.IDENTITY,
                Bias.NONE, Optional.empty(), Activation.NONE);
    }
}
