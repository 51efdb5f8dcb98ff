package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.TersorException;
import io.tersor.ffm.NativeLibrary;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * What the classes share that call functions of tersor.h, one method each, with its types and names; a status other
 * than TERSOR_OK is thrown. Sizes and addresses are passed on as they are: the kernels check them. Immutable and
 * thread-safe.
 *
 * <p>The handles take the function's address as first argument, so that they are constants, while the library is not.
 */
abstract class Downcalls {
    private static final MethodHandle STATUS_NAME = link(FunctionDescriptor.of(ADDRESS, JAVA_INT));

    private final MemorySegment statusName;

    Downcalls(NativeLibrary library) {
        this.statusName = library.require("tersor_status_name");
    }

    /** Returns a handle to functions of these arguments after their address, which return a status. */
    static MethodHandle handle(MemoryLayout... arguments) {
        return link(FunctionDescriptor.of(JAVA_INT, arguments));
    }

    static MethodHandle link(FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(descriptor);
    }

    /** A downcall, which throws nothing of its own but what its arguments' memory makes it throw. */
    @FunctionalInterface
    interface Downcall<R> {
        R run() throws Throwable;
    }

    /** Runs what may allocate; kernels call their handles themselves, as a lambda with arguments is an object. */
    static <R> R call(Downcall<R> downcall) {
        try {
            return downcall.run();
        } catch (Throwable failure) {
            throw unchecked(failure);
        }
    }

    static RuntimeException unchecked(Throwable failure) {
        return switch (failure) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new TersorException("libtersor: a downcall failed: " + failure, failure);
        };
    }

    static String string(MemorySegment address) {
        return address.reinterpret(Long.MAX_VALUE).getString(0);
    }

    /** @throws LibtersorException unless the status is TERSOR_OK */
    final void check(String function, int status) {
        if (status != 0) {
            throw new LibtersorException(function, status,
                    string(call(() -> (MemorySegment) STATUS_NAME.invokeExact(statusName, status))));
        }
    }
}
