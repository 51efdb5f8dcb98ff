package io.tersor.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.UnsupportedKernelException;
import io.tersor.ffm.JavaProcess;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Unary;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import java.util.List;
import org.junit.jupiter.api.Test;

/** JVMs started with and without {@code jdk.incubator.vector}: the library works in both and says what is off. */
class VectorModuleTest {
    private static final String FLAG = "--add-modules jdk.incubator.vector";
    private static final ActivationSpec RELU =
            new ActivationSpec(DataType.F32, QuantParams.IDENTITY, Activation.RELU);

    /** Prepares a kernel on any backend, twice, then asks for the vector backend. */
    static final class Use {
        private Use() {}

        public static void main(String[] arguments) {
            KernelRegistry registry = KernelRegistry.standard();
            for (int i = 0; i < 2; i++) {
                try (Unary kernel = registry.prepare(RELU, PrepareOptions.DEFAULT.on(Backend.SCALAR))) {
                    System.out.println("prepared " + kernel.describe());
                }
            }
            System.out.println("available " + (registry.status(Backend.VECTOR) instanceof BackendStatus.Available));
            try (Unary kernel = registry.prepare(RELU, PrepareOptions.DEFAULT.on(Backend.VECTOR))) {
                System.out.println("prepared " + kernel.describe());
            } catch (UnsupportedKernelException refused) {
                System.out.println("refused");
            }
        }
    }

    @Test
    void withoutTheModuleOneLineTellsWhatIsOff() throws Exception {
        JavaProcess.Result result = JavaProcess.start(List.of(), List.of(), Use.class).result();
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains("prepared scalar/"), result.output());
        assertTrue(result.output().contains("available false"), result.output());
        assertTrue(result.output().contains("refused"), result.output());
        assertEquals(2, result.output().split(FLAG, -1).length, result.output());
    }

    @Test
    void withTheModuleNothingIsSaid() throws Exception {
        JavaProcess.Result result = JavaProcess
                .start(List.of(), List.of("--add-modules", "jdk.incubator.vector"), Use.class).result();
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains("prepared vector/activation_f32__"), result.output());
        assertFalse(result.output().contains(FLAG), result.output());
    }
}
