package io.tersor.ffm;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * A place for extracted libraries. Libraries must be executable there, so a directory on a file system mounted
 * {@code noexec} is as useless as one that cannot be written.
 *
 * @param path the directory, absolute
 * @param shared whether others may create files beside it, so that it must be shown to be ours before it is trusted
 */
record CacheDirectory(Path path, boolean shared) {
    /** System property that names the directory to try first. */
    static final String PROPERTY = "tersor.cache";

    /**
     * Returns the directories to try, best first: {@code -Dtersor.cache}, {@code $XDG_CACHE_HOME/tersor},
     * {@code ~/.cache/tersor}, {@code ~/.tersor}, and directories of this user's own under the temporary folder,
     * {@code /var/tmp} and {@code /dev/shm}.
     */
    static List<CacheDirectory> candidates(Properties properties, Map<String, String> environment) {
        List<CacheDirectory> found = new ArrayList<>();
        named(properties, PROPERTY).ifPresent(path -> found.add(new CacheDirectory(path, false)));
        // The XDG Base Directory Specification asks to ignore relative paths.
        Optional.ofNullable(environment.get("XDG_CACHE_HOME")).map(Path::of).filter(Path::isAbsolute)
                .ifPresent(path -> found.add(new CacheDirectory(path.resolve("tersor"), false)));
        named(properties, "user.home").ifPresent(home -> {
            found.add(new CacheDirectory(home.resolve(".cache").resolve("tersor"), false));
            found.add(new CacheDirectory(home.resolve(".tersor"), false));
        });
        String own = "tersor-" + properties.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9._-]", "_");
        named(properties, "java.io.tmpdir").ifPresent(path -> found.add(new CacheDirectory(path.resolve(own), true)));
        for (String path : List.of("/var/tmp", "/dev/shm")) {
            found.add(new CacheDirectory(Path.of(path, own), true));
        }
        return List.copyOf(found);
    }

    private static Optional<Path> named(Properties properties, String key) {
        return Optional.ofNullable(properties.getProperty(key)).filter(value -> !value.isEmpty() && !value.equals("?"))
                .map(value -> Path.of(value).toAbsolutePath().normalize());
    }

    /** Creates the directory if need be; returns why it cannot be used, or empty if it can. */
    Optional<String> unusable() {
        try {
            if (!Files.isDirectory(path)) {
                Files.createDirectories(shared ? path.getParent() : path);
            }
            if (shared && !isOurs()) {
                return Optional.of(path + " belongs to somebody else or may be written by others");
            }
            if (!Files.isWritable(path)) {
                return Optional.of(path + " cannot be written");
            }
            return isMountedNoexec(path.toRealPath(), mounts())
                    ? Optional.of(path + " is on a file system mounted noexec") : Optional.empty();
        } catch (IOException | SecurityException e) {
            return Optional.of(path + " cannot be created (" + e + ")");
        }
    }

    /** Creates a shared directory for its owner alone; an existing one must be like that, and no symbolic link. */
    private boolean isOurs() throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            try {
                Files.createDirectory(path, PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rwx------")));
            } catch (FileAlreadyExistsException e) {
                // Somebody was faster: most likely another process of ours, which is found out below.
                return isOurs();
            }
        }
        PosixFileAttributes attributes = Files.readAttributes(path, PosixFileAttributes.class,
                LinkOption.NOFOLLOW_LINKS);
        return attributes.isDirectory()
                && attributes.owner().getName().equals(processOwner())
                && !attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                && !attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
    }

    /** Returns the name of the user that runs this process: a container may run users that have no entry anywhere. */
    private static String processOwner() throws IOException {
        Path self = Path.of("/proc/self");
        return Files.exists(self) ? Files.getOwner(self).getName() : System.getProperty("user.name");
    }

    private static List<String> mounts() {
        try {
            return Files.readAllLines(Path.of("/proc/self/mounts"));
        } catch (IOException e) {
            // No such list outside Linux; the dynamic linker then has the last word.
            return List.of();
        }
    }

    /**
     * Returns whether the file system that holds the path forbids execution.
     *
     * @param mounts lines of {@code /proc/self/mounts}: device, mount point (blanks as {@code \040}), type, options
     */
    static boolean isMountedNoexec(Path path, List<String> mounts) {
        int depth = -1;
        boolean noexec = false;
        for (String line : mounts) {
            String[] fields = line.split(" ");
            if (fields.length >= 4) {
                Path point = Path.of(fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"));
                // Of two mounts on one point the later one hides the earlier.
                if (path.startsWith(point) && point.getNameCount() >= depth) {
                    depth = point.getNameCount();
                    noexec = List.of(fields[3].split(",")).contains("noexec");
                }
            }
        }
        return noexec;
    }
}
