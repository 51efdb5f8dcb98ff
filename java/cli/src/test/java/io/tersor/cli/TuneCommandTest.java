package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.ffm.Isa;
import io.tersor.kernel.CostTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuneCommandTest {
    @TempDir
    Path folder;

    @Test
    void writesATable() throws IOException {
        Path file = folder.resolve("table.tsv");
        Cli tune = Cli.run("tune", "--table", file, "--rows", "1,2", "--sizes", "8").succeeded();
        CostTable table = CostTable.parse(Files.readString(file));
        assertEquals(Isa.used().label(), table.isa());
        assertTrue(tune.out().contains(table.rows().size() + " measurements"), tune.out());
        assertTrue(table.rows().stream().anyMatch(row -> row.types().equals("f32") && row.m() == 2 && row.k() == 8));
    }

    @Test
    void refusesWhatCannotBeMeasuredOrWritten() {
        Path file = folder.resolve("table.tsv");
        Cli.run("tune").refused("--table");
        Cli.run("tune", "--table", file, "--rows", "0").refused("--rows", "at least 1");
        Cli.run("tune", "--table", file, "--sizes", "16,-1").refused("--sizes", "at least 1");
        Cli.run("tune", "--table", folder).failed(folder.toString(), "directory");
        assertFalse(Files.exists(file));
    }
}
