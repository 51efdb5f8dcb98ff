package io.tersor.bench.peers;

import java.lang.foreign.MemorySegment;

/**
 * A call of a native function through a method handle.
 *
 * @param <R> what it returns
 */
@FunctionalInterface
public interface NativeCall<R> {
    /** Calls the function. */
    R make() throws Throwable;

    /** Makes a call; functions of C throw nothing, so what is thrown is the handle's own. */
    static <R> R of(NativeCall<R> call) {
        try {
            return call.make();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the text that a pointer of C points to. */
    static String text(MemorySegment pointer) {
        return pointer.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
