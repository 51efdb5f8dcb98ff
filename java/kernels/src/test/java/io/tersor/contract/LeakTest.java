package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.JavaProcess;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    /** What allocators keep for themselves: 200 bytes for each kernel, which packs 1.2 KiB of weights or more. */
    private static final long ALLOWED_BYTES = 200;

    /** A JVM whose heap neither grows nor is touched for the first time later, whose compiler needs little. */
    private static final List<String> STEADY = List.of("-Xms96m", "-Xmx96m", "-XX:+UseSerialGC",
        "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1", "--add-modules", "jdk.incubator.vector");

    /** Returns by how much the JVM may grow in each part of {@link LeakProbe#PARTS}. */
    private static long allowedKib(int kernels) {
        return kernels / LeakProbe.PARTS * ALLOWED_BYTES / 1024;
    }

    /** Starts a JVM that prepares kernels. */
    private static JavaProcess start(Backend backend, int kernels, boolean closing) throws IOException {
        return JavaProcess.start(List.of(), STEADY, LeakProbe.class, backend.name(), "" + WARM_UP, "" + kernels,
                "" + closing);
    }

    /** Returns by how much memory in KiB and file descriptors a JVM grew. */
    private static long[] growth(JavaProcess process) throws Exception {
        JavaProcess.Result result = process.result();
        assertEquals(0, result.status(), result.output());
        String line = result.output().lines().filter(text -> text.startsWith(LeakProbe.RESULT)).findFirst()
                .orElseThrow(() -> new AssertionError(result.output()));
        return Arrays.stream(line.substring(LeakProbe.RESULT.length()).split(" ")).mapToLong(Long::parseLong).toArray();
    }

    @TestFactory
    List<DynamicTest> closedKernelsLeaveNothingBehind() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Backend backend : Backend.values()) {
            if (KernelRegistry.standard().status(backend) instanceof BackendStatus.Available) {
                // All run at once, each one thread.
                JavaProcess process = start(backend, KERNELS, true);
                tests.add(DynamicTest.dynamicTest(backend.label(), () -> {
                    long[] growth = growth(process);
                    assertTrue(growth[0] < allowedKib(KERNELS),
                            () -> growth[0] + " KiB more for each part of " + KERNELS + " kernels");
                    assertEquals(0, growth[1], "file descriptors");
                }));
            }
        }
        return tests;
    }

    @Test
    void kernelsLeftOpenAreSeen() throws Exception {
        long[] growth = growth(start(Backend.VECTOR, KERNELS, false));
        assertTrue(growth[0] > allowedKib(KERNELS),
                () -> growth[0] + " KiB more for each part of " + KERNELS + " open kernels");
    }
}
