package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void alignsNumbersToTheRight() {
        String text = new Table("name", "bytes", "time").row("a", "1,000", "1.5 us").row("longer", 7, "-").toString();
        assertEquals("""
                name    bytes    time
                a       1,000  1.5 us
                longer      7       -
                """, text.replace(System.lineSeparator(), "\n"));
    }
}
