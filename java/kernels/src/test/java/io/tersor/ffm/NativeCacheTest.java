package io.tersor.ffm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
    /** One resource out of a jar, one out of a directory: their sums are found in different ways. */
    private static final List<String> RESOURCES =
            List.of("org/junit/jupiter/api/Test.class", "io/tersor/ffm/NativeCacheTest.class");
    private static final NativeBundle BUNDLE = new NativeBundle("sample", RESOURCES, "group:sample");

    @TempDir
    private Path temporary;

    private NativeCache cache(Path... directories) {
        return new NativeCache(Stream.of(directories).map(path -> new CacheDirectory(path, false)).toList());
    }

    private static byte[] content(String resource) throws IOException {
        try (InputStream in = NativeCacheTest.class.getClassLoader().getResourceAsStream(resource)) {
            return in.readAllBytes();
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void extractsAllFilesAndNothingElse() throws IOException {
        Path file = cache(temporary.resolve("new/cache")).extract(BUNDLE);
        assertEquals("NativeCacheTest.class", file.getFileName().toString());
        assertEquals(List.of("NativeCacheTest.class", "Test.class"), names(file.getParent()));
        assertArrayEquals(content(RESOURCES.get(1)), Files.readAllBytes(file));
        assertArrayEquals(content(RESOURCES.get(0)), Files.readAllBytes(file.resolveSibling("Test.class")));
        assertTrue(file.getParent().getFileName().toString().matches("sample-[0-9a-f]{16}"), file.toString());
    }

    @Test
    void reusesWhatIsIntact() throws IOException {
        Path file = cache(temporary).extract(BUNDLE);
        FileTime before = FileTime.from(Instant.now().minus(Duration.ofDays(2)));
        Files.setLastModifiedTime(file, before);
        before = Files.getLastModifiedTime(file);
        assertEquals(file, cache(temporary).extract(BUNDLE));
        assertEquals(before, Files.getLastModifiedTime(file));
    }

    @Test
    void replacesWhatIsDamaged() throws IOException {
        Path file = cache(temporary).extract(BUNDLE);
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, new byte[whole.length - 1]);
        cache(temporary).extract(BUNDLE);
        assertArrayEquals(whole, Files.readAllBytes(file), "after truncation");
        byte[] flipped = whole.clone();
        flipped[whole.length / 2] ^= 1;
        Files.write(file, flipped);
        cache(temporary).extract(BUNDLE);
        assertArrayEquals(whole, Files.readAllBytes(file), "after a flipped bit");
    }

    @Test
    void removesWhatKilledProcessesLeft() throws IOException {
        Path file = cache(temporary).extract(BUNDLE);
        Path old = Files.createFile(file.resolveSibling("Test.class1.part"));
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        Path fresh = Files.createFile(file.resolveSibling("Test.class2.part"));
        Files.delete(file);
        cache(temporary).extract(BUNDLE);
        assertFalse(Files.exists(old));
        assertTrue(Files.exists(fresh));
    }

    @Test
    void anotherContentGetsAnotherDirectory() throws IOException {
        Path one = cache(temporary).extract(BUNDLE);
        Path two = cache(temporary).extract(new NativeBundle("sample", RESOURCES.reversed(), "group:sample"));
        assertFalse(one.getParent().equals(two.getParent()));
    }

    @Test
    void passesOverUnusableDirectories() throws IOException {
        Path blocked = Files.createFile(temporary.resolve("file"));
        Path good = temporary.resolve("good");
        Path file = cache(blocked.resolve("cache"), blocked, good).extract(BUNDLE);
        assertTrue(file.startsWith(good), file.toString());
    }

    @Test
    void failsNamingEveryDirectory() throws IOException {
        Path blocked = Files.createFile(temporary.resolve("file"));
        var e = assertThrows(NativeLibraryException.class, () -> cache(blocked.resolve("cache")).extract(BUNDLE));
        assertTrue(e.getMessage().contains(blocked.resolve("cache").toString()), e.getMessage());
        assertTrue(e.getMessage().contains("-Dtersor.cache"), e.getMessage());
    }

    @Test
    void namesAMissingResource() {
        NativeBundle absent = new NativeBundle("absent", List.of("no/such.so"), "group:absent");
        var e = assertThrows(NativeLibraryException.class, () -> cache(temporary).extract(absent));
        assertEquals("absent: no no/such.so on the class path; add group:absent or name a library by "
                + "-Dtersor.absent.library", e.getMessage());
    }

    @Test
    void knowsNoexecMounts() {
        List<String> mounts = List.of("rootfs / rootfs rw 0 0", "tmpfs /tmp tmpfs rw,nosuid,noexec 0 0",
                "disk /tmp/with\\040blank ext4 rw 0 0", "tmpfs /home tmpfs rw,noexec 0 0", "disk /home ext4 rw 0 0");
        assertFalse(CacheDirectory.isMountedNoexec(Path.of("/var/x"), mounts));
        assertTrue(CacheDirectory.isMountedNoexec(Path.of("/tmp/x/y"), mounts));
        assertTrue(CacheDirectory.isMountedNoexec(Path.of("/tmp"), mounts));
        assertFalse(CacheDirectory.isMountedNoexec(Path.of("/tmpother/x"), mounts));
        assertFalse(CacheDirectory.isMountedNoexec(Path.of("/tmp/with blank/x"), mounts));
        assertFalse(CacheDirectory.isMountedNoexec(Path.of("/home/x"), mounts), "the later mount hides the earlier");
    }

    @Test
    void triesThePropertyThenTheUsersDirectories() {
        Properties properties = new Properties();
        properties.setProperty("user.home", "/home/ann");
        properties.setProperty("user.name", "ann/../b");
        properties.setProperty("java.io.tmpdir", "/scratch");
        assertEquals(List.of("/home/ann/.cache/tersor", "/home/ann/.tersor", "/scratch/tersor-ann_.._b",
                "/var/tmp/tersor-ann_.._b", "/dev/shm/tersor-ann_.._b"), paths(properties, Map.of()));
        properties.setProperty("tersor.cache", "/fast");
        assertEquals(List.of("/fast", "/xdg/tersor", "/home/ann/.cache/tersor"),
                paths(properties, Map.of("XDG_CACHE_HOME", "/xdg")).subList(0, 3));
        assertEquals("/home/ann/.cache/tersor", paths(properties, Map.of("XDG_CACHE_HOME", "relative")).get(1));
    }

    private static List<String> paths(Properties properties, Map<String, String> environment) {
        return CacheDirectory.candidates(properties, environment).stream().map(CacheDirectory::path)
                .map(Path::toString).toList();
    }

    @Test
    void trustsASharedDirectoryOnlyIfItIsOurs() throws IOException {
        Path own = temporary.resolve("own");
        assertEquals(Optional.empty(), new CacheDirectory(own, true).unusable());
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own)));
        Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertTrue(new CacheDirectory(own, true).unusable().orElseThrow().contains("may be written by others"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Files.createDirectory(temporary.resolve("t")));
        assertTrue(new CacheDirectory(link, true).unusable().isPresent());
    }
}
