package io.tersor.backend.libtersor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.ffm.NativeBundle;
import io.tersor.ffm.NativeLibrary;
import io.tersor.ffm.NativePlatform;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WeightMemoryTest {
    private static final String LIBRARY = "META-INF/native/" + NativePlatform.current() + "/"
            + System.mapLibraryName("tersor");
    private static final long LARGE = 100_000;

    private WeightMemory memory;

    @BeforeEach
    void loadLibrary() {
        assumeTrue(getClass().getClassLoader().getResource(LIBRARY) != null, "skipped: libtersor was not built");
        memory = new WeightMemory(new Libtersor(NativeLibrary.load(new NativeBundle("libtersor", List.of(LIBRARY), "it"))));
    }

    @Test
    void largePiecesLieOneBehindTheOtherFromAPageOn() {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment first = memory.allocate(LARGE, arena);
            MemorySegment second = memory.allocate(LARGE + 1, arena);
            assertEquals(0, first.address() % WeightMemory.PAGE_BYTES);
            assertEquals(first.address() + Math.ceilDiv(LARGE, 64) * 64, second.address());
            assertEquals(LARGE, first.byteSize());
            assertEquals(LARGE + 1, second.byteSize());
            MemorySegment small = memory.allocate(10, arena);
            assertTrue(Math.abs(small.address() - second.address()) > LARGE, "small ones lie elsewhere");
        }
    }

    @Test
    void piecesAreZeroedWritableAndApart() {
        try (Arena arena = Arena.ofShared()) {
            // Together more than a slab, and one of them alone.
            List<MemorySegment> pieces = new ArrayList<>();
            for (long bytes = LARGE; bytes < 40_000_000; bytes = bytes * 3 + 7) {
                pieces.add(memory.allocate(bytes, arena));
            }
            for (MemorySegment piece : pieces) {
                for (long i = 0; i < piece.byteSize(); i += 64) {
                    assertEquals(0, piece.get(ValueLayout.JAVA_BYTE, i));
                }
                piece.fill((byte) 1);
            }
            pieces.sort(Comparator.comparingLong(MemorySegment::address));
            for (int i = 1; i < pieces.size(); i++) {
                MemorySegment before = pieces.get(i - 1);
                assertTrue(before.address() + before.byteSize() <= pieces.get(i).address());
            }
        }
    }

    @Test
    void aPieceEndsWithItsArenaAndItsNeighbourDoesNot() {
        try (Arena longer = Arena.ofShared()) {
            MemorySegment kept = memory.allocate(LARGE, longer);
            Arena shorter = Arena.ofShared();
            MemorySegment closed = memory.allocate(LARGE, shorter);
            shorter.close();
            assertThrows(IllegalStateException.class, () -> closed.get(ValueLayout.JAVA_BYTE, 0));
            kept.set(ValueLayout.JAVA_BYTE, 0, (byte) 7);
            assertEquals(7, kept.get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void aSlabGoesBackWithItsLastPiece() {
        MemorySegment stale;
        try (Arena arena = Arena.ofShared()) {
            stale = memory.allocate(LARGE, arena);
            memory.allocate(LARGE, arena);
            assertTrue(isMapped(stale.address()));
        }
        assertTrue(!isMapped(stale.address()), "still mapped");
        try (Arena arena = Arena.ofShared()) {
            assertEquals(0, memory.allocate(LARGE, arena).address() % WeightMemory.PAGE_BYTES);
        }
    }

    /** In /proc/self/maps. */
    private static boolean isMapped(long address) {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.anyMatch(line -> {
                String[] range = line.split(" ")[0].split("-");
                return Long.parseUnsignedLong(range[0], 16) <= address && address < Long.parseUnsignedLong(range[1], 16);
            });
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Test
    void threadsGetPiecesOfTheirOwn() {
        try (Arena arena = Arena.ofShared()) {
            List<Long> addresses = IntStream.range(0, 400).parallel().mapToObj(i -> {
                MemorySegment piece = memory.allocate(LARGE, arena);
                piece.fill((byte) i);
                return piece.address();
            }).toList();
            assertEquals(400, addresses.stream().distinct().count());
        }
    }

    @Test
    void whatDoesNotExistIsNotGiven() {
        try (Arena arena = Arena.ofShared()) {
            assertThrows(OutOfMemoryError.class, () -> memory.allocate(1L << 50, arena));
            assertNotEquals(0, memory.allocate(LARGE, arena).address());
        }
    }
}
