package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Convolutions that oneDNN would compute with what is not its memory, whatever the instruction set. */
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
        assertTrue(!overruns(DataType.U8, 0, DILATED));
        assertTrue(!overruns(DataType.U8, 3, Window.of(3, 3).dilation(3, 2)));
        assertTrue(!overruns(DataType.U8, 3, DILATED.padding(0, 2, 0, 2)));
        assertTrue(!overruns(DataType.U8, 3, DILATED.stride(3, 1)));
        assertTrue(!overruns(DataType.U8, 3, Window.of(1, 3).dilation(3, 2).padding(2)));
        assertTrue(!overruns(DataType.U8, 3, Window.of(3, 3).dilation(1, 2).padding(2)));
    }

    private static boolean overruns(DataType src, int zeroPoint, Window window) {
        return refusal(src, zeroPoint, window).filter(reason -> reason.contains(OVERRUN)).isPresent();
    }

    private static Optional<String> refusal(DataType src, int zeroPoint, Window window) {
        boolean real = src == DataType.F32;
        QuantParams params = real ? QuantParams.IDENTITY : QuantParams.perTensor(0.25f, zeroPoint);
        return OnednnConv2d.refusal(new Conv2dSpec(src, real ? DataType.F32 : DataType.S8, DataType.F32, 5, 7, window,
                1, params, real ? QuantParams.IDENTITY : QuantParams.perTensor(0.5f, 0), QuantParams.IDENTITY,
                Bias.NONE, Optional.empty(), Activation.NONE));
    }
}
