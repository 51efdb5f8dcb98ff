package io.tersor.ffm;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;

/**
 * Extracts libraries from the class path, once for all processes of a user.
 *
 * <p>A bundle goes into {@code <cache>/<name>-<hash>/}, where the hash covers the names, sizes and CRC-32 sums of its
 * files: a jar's directory states these, so that nothing need be unpacked to find out that nothing need be unpacked.
 * A file is written beside its place and renamed, so that processes that start at once, or one that is killed, leave
 * only whole files. A file found there is used if its size and sum are right, and replaced otherwise.
 */
final class NativeCache {
    private static final System.Logger LOG = System.getLogger(NativeCache.class.getName());
    private static final String PART_SUFFIX = ".part";
    private static final Duration PART_LIFETIME = Duration.ofHours(1);

    /** A file on the class path, with the size and CRC-32 sum of its content. */
    private record Resource(String fileName, URL url, long bytes, long crc) {
    }

    private final List<CacheDirectory> candidates;

    NativeCache(List<CacheDirectory> candidates) {
        this.candidates = candidates;
    }

    /**
     * Returns the extracted library, the last of the bundle's files, with the others beside it.
     *
     * @throws NativeLibraryException if the class path lacks a file, or no directory can be used
     * @throws IOException if the class path cannot be read
     */
    Path extract(NativeBundle bundle) throws IOException {
        List<Resource> resources = new ArrayList<>();
        for (String name : bundle.resources()) {
            resources.add(find(bundle, name));
        }
        String directoryName = bundle.name() + "-" + hash(resources);
        List<String> refusals = new ArrayList<>();
        for (CacheDirectory candidate : candidates) {
            Optional<String> unusable = candidate.unusable();
            if (unusable.isEmpty()) {
                try {
                    Path file = extract(resources, candidate.path().resolve(directoryName));
                    if (!refusals.isEmpty()) {
                        LOG.log(System.Logger.Level.WARNING, "{0} is extracted to {1}, because {2}", bundle.name(),
                                file.getParent(), String.join("; ", refusals));
                    }
                    return file;
                } catch (IOException e) {
                    unusable = Optional.of(candidate.path() + " cannot hold it (" + e + ")");
                }
            }
            refusals.add(unusable.get());
        }
        throw new NativeLibraryException(bundle.name(), "no directory to extract it to (name one by -D"
                + CacheDirectory.PROPERTY + "): " + String.join("; ", refusals));
    }

    private static Resource find(NativeBundle bundle, String name) throws IOException {
        URL url = NativeCache.class.getClassLoader().getResource(name);
        if (url == null) {
            throw new NativeLibraryException(bundle.name(), "no " + name + " on the class path; add " + bundle.origin()
                    + " or name a library by -D" + bundle.libraryProperty());
        }
        URLConnection connection = url.openConnection();
        connection.setUseCaches(false);
        if (connection instanceof JarURLConnection jar) {
            try (JarFile file = jar.getJarFile()) {
                JarEntry entry = file.getJarEntry(jar.getEntryName());
                return new Resource(NativeBundle.fileName(name), url, entry.getSize(), entry.getCrc());
            }
        }
        CRC32 crc = new CRC32();
        try (InputStream in = new CheckedInputStream(connection.getInputStream(), crc)) {
            long bytes = in.transferTo(OutputStream.nullOutputStream());
            return new Resource(NativeBundle.fileName(name), url, bytes, crc.getValue());
        }
    }

    private static String hash(List<Resource> resources) {
        CRC32 crc = new CRC32();
        long bytes = 0;
        for (Resource resource : resources) {
            crc.update((resource.fileName + " " + resource.bytes + " " + resource.crc + "\n")
                    .getBytes(StandardCharsets.UTF_8));
            bytes += resource.bytes;
        }
        return HexFormat.of().toHexDigits((int) crc.getValue()) + HexFormat.of().toHexDigits((int) bytes);
    }

    private static Path extract(List<Resource> resources, Path directory) throws IOException {
        Files.createDirectories(directory);
        Path last = directory;
        for (Resource resource : resources) {
            last = directory.resolve(resource.fileName);
            if (!isIntact(last, resource)) {
                removeOldParts(directory);
                write(resource, last);
            }
        }
        return last;
    }

    private static boolean isIntact(Path file, Resource resource) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != resource.bytes) {
            return false;
        }
        CRC32 crc = new CRC32();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ); Arena arena = Arena.ofConfined()) {
            crc.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, resource.bytes, arena).asByteBuffer());
        }
        return crc.getValue() == resource.crc;
    }

    private static void write(Resource resource, Path file) throws IOException {
        Path part = Files.createTempFile(file.getParent(), resource.fileName, PART_SUFFIX);
        try {
            CRC32 crc = new CRC32();
            URLConnection connection = resource.url.openConnection();
            connection.setUseCaches(false);
            try (InputStream in = new CheckedInputStream(connection.getInputStream(), crc);
                    OutputStream out = Files.newOutputStream(part)) {
                in.transferTo(out);
            }
            if (Files.size(part) != resource.bytes || crc.getValue() != resource.crc) {
                throw new IOException(resource.url + " is damaged");
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Removes what processes left that were killed while they wrote. */
    private static void removeOldParts(Path directory) throws IOException {
        Instant old = Instant.now().minus(PART_LIFETIME);
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(directory, "*" + PART_SUFFIX)) {
            for (Path part : parts) {
                try {
                    if (Files.getLastModifiedTime(part).toInstant().isBefore(old)) {
                        Files.deleteIfExists(part);
                    }
                } catch (NoSuchFileException finished) {
                    // Another process has written it to the end meanwhile.
                    LOG.log(System.Logger.Level.DEBUG, "{0} is finished", part);
                }
            }
        }
    }
}
