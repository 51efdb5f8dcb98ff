package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The guards themselves: which pages are unreadable, read from the system's own table, and what the canary sees. */
@EnabledOnOs(OS.LINUX)
class GuardedArenaTest {
    /** Returns the permissions of the page that holds an address, such as {@code rw-p}. */
    private static String permissions(long address) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/maps")).stream().map(line -> line.split("[ -]"))
                .filter(parts -> Long.compareUnsigned(Long.parseUnsignedLong(parts[0], 16), address) <= 0
                        && Long.compareUnsigned(address, Long.parseUnsignedLong(parts[1], 16)) < 0)
                .map(parts -> String.join("-", Arrays.copyOfRange(parts, 2, parts.length)).substring(0, 4))
                .findFirst().orElse("none");
    }

    @ParameterizedTest
    @EnumSource(GuardedArena.Placement.class)
    void oneByteBeyondIsUnreadable(GuardedArena.Placement placement) throws IOException {
        try (GuardedArena arena = new GuardedArena(placement)) {
            for (long bytes : new long[] {0, 1, 7, 4096, 4097, 100_000}) {
                MemorySegment segment = arena.allocate(bytes, 1);
                assertEquals(bytes, segment.byteSize());
                long beyond = placement == GuardedArena.Placement.END ? segment.address() + bytes
                        : segment.address() - 1;
                assertTrue(permissions(beyond).startsWith("---"), permissions(beyond));
                if (bytes > 0) {
                    assertTrue(permissions(segment.address()).startsWith("rw"));
                    assertTrue(permissions(segment.address() + bytes - 1).startsWith("rw"));
                }
            }
        }
    }

    @Test
    void sealedSegmentsCannotBeWritten() throws IOException {
        try (GuardedArena arena = new GuardedArena(GuardedArena.Placement.END)) {
            MemorySegment sealed = arena.allocate(8, 4);
            arena.seal();
            MemorySegment open = arena.allocate(8, 4);
            assertTrue(permissions(sealed.address()).startsWith("r--"));
            assertTrue(permissions(open.address()).startsWith("rw-"));
        }
    }

    @Test
    void theCanarySeesAByteBeside() {
        try (GuardedArena arena = new GuardedArena(GuardedArena.Placement.END)) {
            MemorySegment segment = arena.allocate(8, 1);
            segment.fill((byte) 0);
            arena.checkCanaries();
            MemorySegment.ofAddress(segment.address() - 1).reinterpret(1).set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            assertThrows(AssertionError.class, arena::checkCanaries);
        }
    }
}
