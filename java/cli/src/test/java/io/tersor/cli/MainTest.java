package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    @TempDir
    Path folder;

    @Test
    void wrongUsageIsOneLineAndStatus2() {
        Cli.run().refused("Missing command", "see 'tersor --help'");
        Cli.run("polish").refused("polish");
        Cli.run("inspect").refused("MODEL", "see 'tersor inspect --help'");
        Cli.run("doctor", "--loud").refused("--loud");
    }

    @Test
    void helpNamesEveryCommand() {
        Cli help = Cli.run("--help").succeeded();
        for (String command : new String[] {"doctor", "inspect", "compress", "run", "evaluate", "verify", "tune"}) {
            assertTrue(help.out().contains(command), help.out());
            assertTrue(Cli.run(command, "--help").succeeded().out().contains("Usage: tersor " + command));
        }
        assertTrue(Cli.run("--version").succeeded().out().startsWith("tersor "));
    }

    @Test
    void stackTraceOnlyWhenAskedFor() {
        Path missing = folder.resolve("none.onnx");
        Cli.run("inspect", missing).failed(missing.toString());
        Cli verbose = Cli.run("inspect", missing, "--verbose");
        assertEquals(1, verbose.status());
        assertTrue(verbose.err().contains("\tat io.tersor"), verbose.err());
    }

    @Test
    void nothingIsColouredInAFile() {
        assertFalse(Cli.run("--help").out().contains("\033["));
        assertFalse(Cli.run("doctor").out().contains("\033["));
    }
}
