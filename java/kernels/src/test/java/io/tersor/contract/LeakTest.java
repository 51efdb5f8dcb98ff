package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.JavaProcess;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Kernels that were prepared, run and closed leave neither memory nor file descriptors behind. */
@Tag("slow")
@EnabledOnOs(value = OS.LINUX, disabledReason = "reads /proc")
class LeakTest {
    private static final int WARM_UP = 2_000;
    private static final int KERNELS = 10_000;

    /** What allocators keep for themselves; a kernel packs at least 3 KiB of weights, 10,000 of them 30 MiB. */
    private static final long ALLOWED_KIB = 4096;

    /** A JVM whose heap neither grows nor is touched for the first time later. */
    private static final List<String> FIXED_HEAP = List.of("-Xms96m", "-Xmx96m", "-XX:+UseSerialGC",
        "-XX:+AlwaysPreTouch", "--add-modules", "jdk.incubator.vector");

    /** Starts a JVM that prepares kernels and returns by how much memory in KiB and file descriptors grew. */
    private static long[] growth(Backend backend, int kernels, boolean closing) throws Exception {
        JavaProcess.Result result = JavaProcess.start(List.of(), FIXED_HEAP, LeakProbe.class, backend.name(),
                "" + WARM_UP, "" + kernels, "" + closing).result();
        assertEquals(0, result.status(), result.output());
        String line = result.output().lines().filter(text -> text.startsWith(LeakProbe.RESULT)).findFirst()
                .orElseThrow(() -> new AssertionError(result.output()));
        return Arrays.stream(line.substring(LeakProbe.RESULT.length()).split(" ")).mapToLong(Long::parseLong).toArray();
    }

    @TestFactory
    Stream<DynamicTest> closedKernelsLeaveNothingBehind() {
        return Arrays.stream(Backend.values())
                .filter(backend -> KernelRegistry.standard().status(backend) instanceof BackendStatus.Available)
                .map(backend -> DynamicTest.dynamicTest(backend.label(), () -> {
                    long[] growth = growth(backend, KERNELS, true);
                    assertTrue(growth[0] < ALLOWED_KIB, () -> growth[0] + " KiB more for " + KERNELS + " kernels");
                    assertEquals(0, growth[1], "file descriptors");
                }));
    }

    @Test
    void kernelsLeftOpenAreSeen() throws Exception {
        long[] growth = growth(Backend.VECTOR, KERNELS / 4, false);
        assertTrue(growth[0] > ALLOWED_KIB, () -> growth[0] + " KiB more for " + KERNELS / 4 + " open kernels");
    }
}
