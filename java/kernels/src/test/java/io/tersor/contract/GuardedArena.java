package io.tersor.contract;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An arena whose segments each lie against an unreadable page, at their end or at their beginning, so that one byte
 * read or written beyond is a segmentation fault. The rest of a segment's pages holds a canary that
 * {@link #checkCanaries} looks after; so does the fresh segment itself. Alignment is only what is asked for. Where
 * there is no mmap (Windows) it is an ordinary arena, and says so once for each arena.
 *
 * <p>For thousands of short cases: segments may be used from every thread and are unmapped by {@link #close} without
 * the handshake of all threads that a shared arena makes, so that a use after it is a segmentation fault too.
 */
final class GuardedArena implements Arena {
    /** Which end of a segment touches the unreadable page. */
    enum Placement { END, BEGINNING }

    /** What untouched bytes hold. */
    static final byte CANARY = (byte) 0xA5;

    private static final int PROT_NONE = 0;
    private static final int PROT_READ = 1;
    private static final int PROT_READ_WRITE = 3;

    private final Placement placement;
    private final List<Mapping> mappings = new ArrayList<>();

    /**
     * @param whole the mapping with both unreadable pages
     * @param open its readable pages
     * @param used the segment that was handed out
     */
    private record Mapping(MemorySegment whole, MemorySegment open, MemorySegment used) {}

    GuardedArena(Placement placement) {
        this.placement = placement;
        if (!Posix.AVAILABLE) {
            System.err.println("no mmap on this system: operands are not guarded");
        }
    }

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        if (!Posix.AVAILABLE) {
            return Arena.ofAuto().allocate(Math.max(1, byteSize), byteAlignment).asSlice(0, byteSize).fill(CANARY);
        }
        long page = Posix.PAGE_BYTES;
        long openBytes = Math.max(page, Math.ceilDiv(byteSize, page) * page);
        MemorySegment whole = Posix.map(openBytes + 2 * page);
        MemorySegment open = whole.asSlice(page, openBytes);
        Posix.protect(open, PROT_READ_WRITE);
        open.fill(CANARY);
        long offset = placement == Placement.BEGINNING ? 0
                : Math.floorDiv(openBytes - byteSize, byteAlignment) * byteAlignment;
        MemorySegment used = open.asSlice(offset, byteSize);
        mappings.add(new Mapping(whole, open, used));
        return used;
    }

    /** Returns a contiguous tensor aligned to its element alone, against a guard page. */
    Tensor tensor(DataType type, Shape shape) {
        return Tensor.wrap(allocate(type.bytes(shape.elements()), type.alignment()), type, shape);
    }

    /** Returns a contiguous tensor of the given row-major values, against a guard page. */
    Tensor tensor(DataType type, Shape shape, double[] values) {
        Tensor tensor = tensor(type, shape);
        fill(tensor, values);
        return tensor;
    }

    /** Returns a strided tensor that ends with its last element, against a guard page. */
    Tensor strided(DataType type, Shape shape, long... strides) {
        long span = shape.elements() == 0 ? 0 : 1;
        for (int axis = 0; axis < strides.length && span > 0; axis++) {
            span += (shape.dim(axis) - 1) * strides[axis];
        }
        return Tensor.wrap(allocate(type.bytes(span), type.alignment()), type, shape, strides);
    }

    /** Sets the elements of a tensor, in row-major order. */
    static void fill(Tensor tensor, double[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
    }

    /** Makes everything allocated so far read-only: writing an input is a segmentation fault from here on. */
    void seal() {
        for (Mapping mapping : mappings) {
            Posix.protect(mapping.open, PROT_READ);
        }
    }

    /** Fails unless the bytes around all segments are untouched. */
    void checkCanaries() {
        for (Mapping mapping : mappings) {
            long before = mapping.used.address() - mapping.open.address();
            long after = before + mapping.used.byteSize();
            for (long i = 0; i < mapping.open.byteSize(); i++) {
                if ((i < before || i >= after) && mapping.open.get(JAVA_BYTE, i) != CANARY) {
                    throw new AssertionError("byte " + (i - before) + " written beside a segment of "
                            + mapping.used.byteSize() + " bytes");
                }
            }
        }
    }

    @Override
    public MemorySegment.Scope scope() {
        return Arena.global().scope();
    }

    @Override
    public void close() {
        for (Mapping mapping : mappings) {
            Posix.unmap(mapping.whole);
        }
    }

    /** The system calls. */
    private static final class Posix {
        private static final boolean MAC = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac");
        private static final boolean AVAILABLE =
                !System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("win") || MAC;
        private static final int PRIVATE_ANONYMOUS = 0x02 | (MAC ? 0x1000 : 0x20);
        private static final MethodHandle MMAP = handle("mmap", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG,
                JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
        private static final MethodHandle MPROTECT = handle("mprotect",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        private static final MethodHandle MUNMAP = handle("munmap",
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
        private static final MethodHandle GETPAGESIZE = handle("getpagesize", FunctionDescriptor.of(JAVA_INT));
        private static final long PAGE_BYTES = pageBytes();

        private static MethodHandle handle(String name, FunctionDescriptor type) {
            Linker linker = Linker.nativeLinker();
            return AVAILABLE ? linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type)
                    : java.lang.invoke.MethodHandles.empty(type.toMethodType());
        }

        private static long pageBytes() {
            try {
                return (int) GETPAGESIZE.invokeExact();
            } catch (Throwable failure) {
                throw new IllegalStateException("getpagesize", failure);
            }
        }

        private static MemorySegment map(long bytes) {
            try {
                MemorySegment address = (MemorySegment) MMAP.invokeExact(MemorySegment.NULL, bytes, PROT_NONE,
                        PRIVATE_ANONYMOUS, -1, 0L);
                if (address.address() == -1) {
                    throw new OutOfMemoryError("mmap of " + bytes + " bytes");
                }
                return address.reinterpret(bytes);
            } catch (RuntimeException | Error failure) {
                throw failure;
            } catch (Throwable failure) {
                throw new IllegalStateException("mmap", failure);
            }
        }

        private static void protect(MemorySegment pages, int protection) {
            try {
                int status = (int) MPROTECT.invokeExact(pages, pages.byteSize(), protection);
                if (status != 0) {
                    throw new IllegalStateException("mprotect failed");
                }
            } catch (RuntimeException | Error failure) {
                throw failure;
            } catch (Throwable failure) {
                throw new IllegalStateException("mprotect", failure);
            }
        }

        private static void unmap(MemorySegment whole) {
            try {
                int status = (int) MUNMAP.invokeExact(whole, whole.byteSize());
                if (status != 0) {
                    throw new IllegalStateException("munmap failed");
                }
            } catch (RuntimeException | Error failure) {
                throw failure;
            } catch (Throwable failure) {
                throw new IllegalStateException("munmap", failure);
            }
        }
    }
}
