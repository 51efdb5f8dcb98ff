package io.tersor.cli;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/**
 * Puts standard error back in its place. {@code scripts/tersor} starts the JVM with a filter there, which drops the
 * JVM's unconditional warning about the incubating Vector API, and hands over the real one as another descriptor.
 */
final class StandardError {
    /** The descriptor of the real standard error. */
    static final String PROPERTY = "tersor.stderr";

    private StandardError() {
    }

    /** POSIX dup2(real, 2), so that libraries in C and terminal checks see the real one too. */
    static void restore() {
        Integer real = Integer.getInteger(PROPERTY);
        if (real == null) {
            return;
        }
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle dup2 = linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"),
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
            int unused = (int) dup2.invokeExact((int) real, 2);
        } catch (Throwable failure) {
            // No such function, or native access is denied: the filter passes on whatever else is written.
        } finally {
            System.clearProperty(PROPERTY);
        }
    }
}
