package io.tersor.bench.calls;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.TersorException;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.suite.Entrant;
import io.tersor.bench.suite.Workload;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.KernelRegistry;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A call of libtersor's {@code tersor_abi_version}: what any call into it costs, plain and critical. */
final class EmptyCall implements Workload {
    private static final String FUNCTION = "tersor_abi_version";
    private static final FunctionDescriptor DESCRIPTOR = FunctionDescriptor.of(JAVA_INT);
    /** As the backend has its handles: constants, to which the function's address is an argument. */
    private static final MethodHandle PLAIN = Linker.nativeLinker().downcallHandle(DESCRIPTOR);
    private static final MethodHandle CRITICAL =
            Linker.nativeLinker().downcallHandle(DESCRIPTOR, Linker.Option.critical(false));
    private static final ContenderName PLAIN_NAME = new ContenderName("native/plain", true, "void", 1);
    private static final ContenderName CRITICAL_NAME = new ContenderName("native/critical", true, "void", 1);

    private final Arena arena = Arena.ofShared();
    private final String name;

    EmptyCall(String name) {
        this.name = name;
    }

    @Override
    public WorkloadName name() {
        return new WorkloadName(Call.SUITE, name, Map.of("function", FUNCTION));
    }

    @Override
    public List<ContenderName> contenders() {
        return List.of(PLAIN_NAME, CRITICAL_NAME);
    }

    @Override
    public Entrant prepare(ContenderName contender) {
        MemorySegment function = switch (KernelRegistry.standard().status(Backend.NATIVE)) {
            case BackendStatus.Available available -> SymbolLookup.libraryLookup(Path.of(available.origin()), arena)
                    .findOrThrow(FUNCTION);
            case BackendStatus.Missing missing -> throw new TersorException(contender.name() + ": "
                    + missing.reason());
        };
        Caller caller = contender.equals(CRITICAL_NAME) ? new Critical(function) : new Plain(function);
        caller.time(1);
        return Entrant.of(caller);
    }

    @Override
    public void close() {
        arena.close();
    }

    /** Calls and adds up what is returned. */
    private abstract static sealed class Caller implements Contender {
        final MemorySegment function;
        private final String name;
        private final int version;

        Caller(String name, MemorySegment function) {
            this.name = name;
            this.function = function;
            this.version = Math.toIntExact(calls(1));
            if (version <= 0) {
                throw new VerificationException(name() + ": " + FUNCTION + " is " + version + ", expected 1 or more");
            }
        }

        /** Returns the sum of what so many calls return. */
        abstract long calls(int runs);

        @Override
        public final long time(int runs) {
            long start = System.nanoTime();
            long sum = calls(runs);
            long nanos = System.nanoTime() - start;
            if (sum != (long) runs * version) {
                throw new VerificationException(name() + ": " + runs + " calls add up to " + sum + ", expected "
                        + (long) runs * version);
            }
            return nanos;
        }

        @Override
        public final String name() {
            return name;
        }

        @Override
        public final String kernel() {
            return name + "/" + FUNCTION;
        }

        @Override
        public final boolean isSlowToCompile() {
            return false;
        }

        @Override
        public final void close() {}

        static IllegalStateException unexpected(Throwable failure) {
            return new IllegalStateException(FUNCTION, failure);
        }
    }

    private static final class Plain extends Caller {
        Plain(MemorySegment function) {
            super(PLAIN_NAME.name(), function);
        }

        @Override
        long calls(int runs) {
            try {
                long sum = 0;
                for (int i = 0; i < runs; i++) {
                    sum += (int) PLAIN.invokeExact(function);
                }
                return sum;
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }
    }

    private static final class Critical extends Caller {
        Critical(MemorySegment function) {
            super(CRITICAL_NAME.name(), function);
        }

        @Override
        long calls(int runs) {
            try {
                long sum = 0;
                for (int i = 0; i < runs; i++) {
                    sum += (int) CRITICAL.invokeExact(function);
                }
                return sum;
            } catch (Throwable e) {
                throw unexpected(e);
            }
        }
    }
}
