package io.tersor.backend.libtersor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativeLibraryException;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The library: what it is, its memory, and its functions by what they work on. */
final class Libtersor extends Downcalls {
    /** TERSOR_ABI_VERSION of the header that this class follows. */
    static final int ABI_VERSION = 11;

    /** TERSOR_ALIGNMENT. */
    static final int ALIGNMENT_BYTES = 64;

    /** TERSOR_OUT_OF_MEMORY. */
    private static final int OUT_OF_MEMORY = 8;

    private static final MethodHandle ABI = handle();
    private static final MethodHandle VERSION = link(FunctionDescriptor.of(ADDRESS));
    private static final MethodHandle CPU_ISAS = handle(ADDRESS);
    private static final MethodHandle MAP_PAGES = handle(JAVA_LONG, ADDRESS);
    private static final MethodHandle UNMAP_PAGES = handle(ADDRESS, JAVA_LONG);

    private final NativeLibrary library;
    private final String version;
    private final MemorySegment cpuIsas;
    private final MemorySegment mapPages;
    private final MemorySegment unmapPages;
    private final LibtersorProducts products;
    private final LibtersorElements elements;

    /** @throws NativeLibraryException if the library is not libtersor, or follows another header */
    Libtersor(NativeLibrary library) {
        super(library);
        this.library = library;
        MemorySegment abiVersion = library.require("tersor_abi_version");
        int abi = call(() -> (int) ABI.invokeExact(abiVersion));
        if (abi != ABI_VERSION) {
            throw new NativeLibraryException(library.name(), library.file() + " has interface version " + abi
                    + ", expected " + ABI_VERSION);
        }
        MemorySegment versionFunction = library.require("tersor_version");
        this.version = string(call(() -> (MemorySegment) VERSION.invokeExact(versionFunction)));
        this.cpuIsas = library.require("tersor_cpu_isas");
        this.mapPages = library.require("tersor_pages_map");
        this.unmapPages = library.require("tersor_pages_unmap");
        this.products = new LibtersorProducts(library);
        this.elements = new LibtersorElements(library);
    }

    LibtersorProducts products() {
        return products;
    }

    LibtersorElements elements() {
        return elements;
    }

    /** Returns the value of tersor_type. */
    static int typeCode(DataType type) {
        return switch (type) {
            case F32 -> 1;
            case S32 -> 2;
            case U8 -> 3;
            case S8 -> 4;
            case BF16 -> 5;
            case F16 -> 6;
            case S64 -> 7;
            case BOOL -> 8;
            default -> throw new IllegalArgumentException("libtersor has no type " + type);
        };
    }

    Path file() {
        return library.file();
    }

    String version() {
        return version;
    }

    int cpuIsas() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mask = arena.allocate(JAVA_INT);
            check("tersor_cpu_isas", call(() -> (int) CPU_ISAS.invokeExact(cpuIsas, mask)));
            return mask.get(JAVA_INT, 0);
        }
    }

    /**
     * Returns zeroed memory, to be given back by {@link #unmapPages}.
     *
     * @param bytes a multiple of {@link WeightMemory#PAGE_BYTES}
     * @throws OutOfMemoryError if there is none
     */
    MemorySegment mapPages(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = arena.allocate(ADDRESS);
            int status = call(() -> (int) MAP_PAGES.invokeExact(mapPages, bytes, address));
            if (status == OUT_OF_MEMORY) {
                throw new OutOfMemoryError("packed weights: " + bytes + " bytes");
            }
            check("tersor_pages_map", status);
            return address.get(ADDRESS, 0).reinterpret(bytes);
        }
    }

    void unmapPages(MemorySegment pages) {
        check("tersor_pages_unmap", call(() -> (int) UNMAP_PAGES.invokeExact(unmapPages, pages, pages.byteSize())));
    }
}
