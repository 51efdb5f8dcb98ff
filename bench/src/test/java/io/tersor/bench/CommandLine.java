package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command, run in this JVM as a person would. */
public final class CommandLine {
    private CommandLine() {}

    /** What a run printed. */
    public record Outcome(int status, String out, String err) {
        /** Checks that it succeeded. */
        public Outcome succeeded() {
            assertEquals(0, status, err);
            return this;
        }

        /** Returns standard output, parsed, of a run that succeeded. */
        public JsonNode json() {
            return JsonMapper.shared().readTree(succeeded().out);
        }

        /** Checks the exit status and that the one line on standard error contains the parts. */
        public void failed(int expected, String... parts) {
            assertEquals(expected, status, out + err);
            assertEquals(1, err.lines().count(), err);
            for (String part : parts) {
                assertTrue(err.contains(part), err);
            }
        }
    }

    /** Runs {@code tersor} with the given arguments. */
    public static Outcome tersor(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(arguments, new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Outcome(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
