package io.tersor.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.UnsupportedKernelException;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class KernelRegistryTest {
    private static final MatMulSpec SPEC = new MatMulSpec(DataType.F32, DataType.F32, DataType.F32, 1, 1,
            QuantParams.IDENTITY, QuantParams.IDENTITY,
            QuantParams.IDENTITY, Bias.NONE, Activation.NONE);

    /** Returns one of the library's own backends. */
    static BackendProvider standard(Backend backend) {
        return ServiceLoader.load(BackendProvider.class).stream().map(ServiceLoader.Provider::get)
                .filter(provider -> provider.backend() == backend).findFirst().orElseThrow();
    }

    private static MatMul prepare(PrepareOptions options, BackendProvider... providers) {
        KernelRegistry registry = new KernelRegistry(List.of(providers));
        return prepare(registry, options);
    }

    private static MatMul prepare(KernelRegistry registry, PrepareOptions options) {
        try (Arena arena = Arena.ofConfined()) {
            return registry.prepare(SPEC, Tensor.allocate(arena, DataType.F32, Shape.of(1, 1)), Optional.empty(),
                    options);
        }
    }

    @Test
    void picksTheFastestThatCan() {
        try (MatMul kernel = prepare(PrepareOptions.DEFAULT, FakeBackend.running(Backend.SCALAR),
                FakeBackend.refusing(Backend.VECTOR, "too odd"), FakeBackend.running(Backend.NATIVE),
                FakeBackend.missing(Backend.ONEDNN, "no library"))) {
            assertEquals(Backend.NATIVE, kernel.backend());
            assertEquals("native/fake", kernel.describe());
        }
    }

    @Test
    void anOrderIsFollowedOrRefused() {
        BackendProvider scalar = FakeBackend.running(Backend.SCALAR);
        BackendProvider vector = FakeBackend.refusing(Backend.VECTOR, "too odd");
        BackendProvider onednn = FakeBackend.missing(Backend.ONEDNN, "no library");
        for (Backend backend : new Backend[] {Backend.VECTOR, Backend.ONEDNN, Backend.NATIVE}) {
            UnsupportedKernelException failure = assertThrows(UnsupportedKernelException.class,
                    () -> prepare(PrepareOptions.DEFAULT.on(backend), scalar, vector, onednn));
            assertTrue(failure.getMessage().startsWith(backend.label() + " cannot run matmul_f32f32f32"));
            String reason = switch (backend) {
                case VECTOR -> "too odd";
                case ONEDNN -> "no library";
                default -> "not on the class path";
            };
            assertTrue(failure.getMessage().contains(reason), failure.getMessage());
        }
    }

    @Test
    void withoutAnyBackendEveryReasonIsTold() {
        UnsupportedKernelException failure = assertThrows(UnsupportedKernelException.class,
                () -> prepare(PrepareOptions.DEFAULT, FakeBackend.refusing(Backend.SCALAR, "tired"),
                        FakeBackend.missing(Backend.ONEDNN, "no library")));
        assertTrue(failure.getMessage().contains("onednn: no library") && failure.getMessage().contains("scalar: tired")
                && failure.getMessage().contains("native: "), failure.getMessage());
    }

    @Test
    void statusesTellOfEveryBackend() {
        KernelRegistry registry = new KernelRegistry(List.of(FakeBackend.running(Backend.SCALAR)));
        assertEquals(Backend.values().length, registry.statuses().size());
        assertInstanceOf(BackendStatus.Available.class, registry.status(Backend.SCALAR));
        assertInstanceOf(BackendStatus.Missing.class, registry.status(Backend.NATIVE));
        assertTrue(registry.refusal(Backend.SCALAR, SPEC).isEmpty());
        assertTrue(registry.refusal(Backend.NATIVE, SPEC).isPresent());
    }

    @Test
    void theStandardRegistryHasScalar() {
        assertInstanceOf(BackendStatus.Available.class, KernelRegistry.standard().status(Backend.SCALAR));
    }

    @Test
    void everyBackendIsAnnouncedOnce() {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                lines.add(record.getMessage() + " " + Arrays.toString(record.getParameters()));
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("io.tersor");
        logger.addHandler(handler);
        try {
            KernelRegistry registry = new KernelRegistry(List.of(FakeBackend.running(Backend.SCALAR),
                    FakeBackend.refusing(Backend.VECTOR, "too odd"), FakeBackend.running(Backend.NATIVE)));
            prepare(registry, PrepareOptions.DEFAULT).close();
            prepare(registry, PrepareOptions.DEFAULT).close();
            prepare(registry, PrepareOptions.DEFAULT.on(Backend.SCALAR)).close();
            prepare(registry, PrepareOptions.DEFAULT.on(Backend.SCALAR)).close();
        } finally {
            logger.removeHandler(handler);
        }
        assertEquals(2, lines.size(), lines.toString());
        assertTrue(lines.getFirst().contains("native") && lines.getFirst().contains("isa")
                && lines.getFirst().contains("passed over onednn: "), lines.getFirst());
    }
}
