package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs the command inside this JVM. */
record Cli(int status, String out, String err) {
    static Cli run(Object... arguments) {
        String[] texts = new String[arguments.length];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = arguments[i].toString();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(texts, new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Cli(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** Checks that the command did what it was to do; it may warn that a backend is missing here. */
    Cli succeeded() {
        assertEquals(0, status, toString());
        assertTrue(err.lines().allMatch(line -> line.startsWith("tersor: warning: backend ")), err);
        return this;
    }

    JsonNode json() {
        succeeded();
        return JsonMapper.shared().readTree(out);
    }

    /** Checks that the command failed with one line that holds all the parts, and nothing on standard output. */
    Cli failed(String... parts) {
        return endedWith(1, parts);
    }

    /** Checks that the command refused how it was called. */
    Cli refused(String... parts) {
        return endedWith(2, parts);
    }

    private Cli endedWith(int expected, String... parts) {
        assertEquals(expected, status, toString());
        assertEquals("", out);
        assertTrue(err.startsWith("tersor: "), err);
        assertEquals(1, err.lines().count(), err);
        for (String part : parts) {
            assertTrue(err.contains(part), err);
        }
        return this;
    }
}
