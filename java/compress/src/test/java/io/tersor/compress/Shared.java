package io.tersor.compress;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.nio.file.Files;
import java.nio.file.Path;

/** What tests of whole networks share: the material beside the project, and which backends run quantized networks. */
final class Shared {
    private static final Path FOLDER = Path.of(System.getProperty("tersor.root", "../..")).resolve("../shared");

    private Shared() {}

    /** Returns whether a backend is here and sums bytes exactly, which oneDNN does not without VNNI and then refuses. */
    static boolean runsInt8(Backend backend) {
        return KernelRegistry.standard().status(backend) instanceof BackendStatus.Available(var _, var _, var isa, var _)
                && !(backend == Backend.ONEDNN && isa.equals("avx2"));
    }

    /** Returns a file; where there is none the test is skipped, with a message. */
    static Path file(String name) {
        Path file = FOLDER.resolve(name).normalize();
        assumeTrue(Files.exists(file), "skipped: there is no " + file);
        return file;
    }
}
