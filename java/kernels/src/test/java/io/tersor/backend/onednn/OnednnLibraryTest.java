package io.tersor.backend.onednn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.ffm.JavaProcess;
import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.BackendStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Libraries that are not the right one, and the instruction set cap, each in a JVM of its own. */
class OnednnLibraryTest {
    @TempDir
    private Path directory;

    /** Prints the backend's status. */
    static final class Status {
        private Status() {
        }

        public static void main(String[] arguments) {
            System.out.println(switch (new OnednnBackend().status()) {
                case BackendStatus.Available available -> "available " + available.version() + " " + available.isa();
                case BackendStatus.Missing missing -> "missing " + missing.reason();
            });
        }
    }

    private static String status(String... options) throws Exception {
        JavaProcess.Result result = JavaProcess.start(List.of(), List.of(options), Status.class).result();
        assertEquals(0, result.status(), result.output());
        return result.output().trim();
    }

    private String library(String code) throws Exception {
        Optional<Path> compiler = CCompiler.find();
        assumeTrue(compiler.isPresent(), "no C compiler: no wrong library to refuse");
        Path source = Files.writeString(directory.resolve("fake.c"), code);
        Path file = directory.resolve("libdnnl.so");
        CCompiler.run(compiler.get(), "-shared", "-fPIC", "-o", file.toString(), source.toString());
        return file.toString();
    }

    private String version(int major, int minor) throws Exception {
        return library("static const int version[] = {" + major + ", " + minor + ", 4, 0, 0, 0, 0, 0, 0, 0};\n"
                + "const int *dnnl_version(void) { return version; }\n");
    }

    @Test
    void refusesOtherVersions() throws Exception {
        String wanted = Dnnl.DNNL_VERSION_MAJOR() + "." + Dnnl.DNNL_VERSION_MINOR() + " or a later 3.x";
        for (int[] version : new int[][] {{2, 7}, {3, Dnnl.DNNL_VERSION_MINOR() - 1}, {4, 0}}) {
            String file = version(version[0], version[1]);
            assertEquals("missing onednn: " + file + " has the wrong version: expected " + wanted + ", got "
                    + version[0] + "." + version[1] + ".4", status("-Dtersor.onednn.library=" + file));
        }
    }

    @Test
    void refusesAnotherLibrary() throws Exception {
        String file = library("int something(void) { return 1; }\n");
        assertEquals("missing onednn: " + file + " is another library: it has no symbol dnnl_version",
                status("-Dtersor.onednn.library=" + file));
    }

    @Test
    void saysThatItIsHidden() throws Exception {
        assertEquals("missing onednn: hidden by -Dtersor.native.hidden=true", status("-Dtersor.native.hidden=true"));
    }

    @Test
    void takesALibraryByItsPath() throws Exception {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
        assertTrue(status("-Dtersor.onednn.library=" + Onednn.get().file())
                .startsWith("available " + Onednn.get().version()));
    }

    @Test
    void obeysTheCap() throws Exception {
        assumeTrue(Onednn.find().isPresent(), Onednn.missing());
        assertTrue(status("-Dtersor.isa=baseline").endsWith(" sse41"));
        assertTrue(status("-Dtersor.isa=avx3").startsWith("missing -Dtersor.isa: expected one of "));
    }
}
