package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** A backend that should be there and is not is a failure, not a skipped test. */
@Tag("isa-tiers")
class BackendPresenceTest {
    @TestFactory
    Stream<DynamicTest> everyBackendIsAvailable() {
        return Requirements.BACKENDS.stream().map(backend -> DynamicTest.dynamicTest(backend.label(), () -> {
            BackendStatus status = KernelRegistry.standard().status(backend);
            boolean missing = status instanceof BackendStatus.Missing;
            assumeFalse(missing && Requirements.expectedMissing().contains(backend),
                    () -> backend.label() + " is missing, as -D" + Requirements.MISSING + " expects: " + status);
            assertInstanceOf(BackendStatus.Available.class, status, () -> "expected elsewhere? then say -D"
                    + Requirements.MISSING + "=" + backend.label());
        }));
    }
}
