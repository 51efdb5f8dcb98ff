package io.tersor.cli;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.Map;

/**
 * What the streams are connected to.
 *
 * @param colours whether standard output may be coloured
 * @param progress whether standard error may be overwritten in place
 */
record Terminal(boolean colours, boolean progress) {
    /** Files or pipes: plain text only. */
    static final Terminal NONE = new Terminal(false, false);

    /** Returns what this process's streams are; {@code NO_COLOR} (no-color.org) and {@code TERM=dumb} are respected. */
    static Terminal detect(Map<String, String> environment) {
        boolean dumb = environment.getOrDefault("TERM", "").equals("dumb");
        boolean noColour = dumb || !environment.getOrDefault("NO_COLOR", "").isEmpty();
        return new Terminal(!noColour && isTerminal(1), !dumb && isTerminal(2));
    }

    /** POSIX isatty; the JDK itself can only tell about standard input and output together. */
    private static boolean isTerminal(int descriptor) {
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle isatty = linker.downcallHandle(linker.defaultLookup().findOrThrow("isatty"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT));
            return (int) isatty.invokeExact(descriptor) == 1;
        } catch (Throwable failure) {
            // No such function, or native access is denied: plain text is always right.
            return false;
        }
    }
}
