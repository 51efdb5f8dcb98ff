package io.tersor.kernel;

import io.tersor.kernel.BackendOrder.Timed;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.zip.CRC32;

/**
 * A file of tuning decisions, which several processes may read and add to at once. It may be deleted at any time.
 *
 * <p>{@code tuning-<hash>.tsv}, UTF-8: the line {@value #FIRST_LINE}; the CRC-32 sum of all after it in hexadecimal;
 * the environment, a line each, {@code # } before it; then for each decision a line with the spec, a tab, and pairs
 * {@code backend=micros} separated by blanks, fastest first. The hash is the environment's, so that machines and
 * versions that share a directory have a file each. An addition is merged with the file's content under a lock (the
 * file {@code tuning-<hash>.lock}), written beside its place and renamed.
 */
final class TuningFile {
    private static final String FIRST_LINE = "tersor tuning 1";
    private static final String COMMENT = "# ";
    private static final long MAX_BYTES = 4 << 20;
    private static final int LOCK_ATTEMPTS = 400;
    private static final long LOCK_PAUSE_NANOS = 5_000_000;

    private final Path file;
    private final Path lock;
    private final String environment;

    /**
     * @param directory where the file is or will be
     * @param environment what the times depend on besides the specs, a line each
     */
    TuningFile(Path directory, List<String> environment) {
        this.environment = environment.stream().map(line -> COMMENT + line + "\n").collect(Collectors.joining());
        String name = "tuning-" + sum(this.environment);
        this.file = directory.resolve(name + ".tsv");
        this.lock = directory.resolve(name + ".lock");
    }

    private static String sum(String text) {
        CRC32 crc = new CRC32();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    /**
     * Returns the decisions by spec; none if there is no file.
     *
     * @throws IOException if there is one that cannot be used; the message is one line that says why
     */
    Map<String, List<Timed>> read() throws IOException {
        Optional<String> text = text();
        if (text.isEmpty()) {
            return Map.of();
        }
        String[] parts = text.get().split("\n", 3);
        if (!parts[0].equals(FIRST_LINE)) {
            throw unusable("is no file of the version '" + FIRST_LINE + "'");
        }
        if (parts.length < 3 || !parts[1].equals(sum(parts[2]))) {
            throw unusable("is damaged");
        }
        if (!parts[2].startsWith(environment)) {
            throw unusable("is of another machine or version");
        }
        return parse(parts[2].substring(environment.length()));
    }

    private Optional<String> text() throws IOException {
        try {
            // What is too large was not written here, and counts as another file.
            return Optional.of(Files.size(file) > MAX_BYTES ? "" : Files.readString(file));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw unusable("cannot be read (" + e + ")");
        }
    }

    private Map<String, List<Timed>> parse(String lines) throws IOException {
        Map<String, List<Timed>> decisions = new TreeMap<>();
        try {
            for (String line : lines.lines().toList()) {
                int tab = line.indexOf('\t');
                List<Timed> times = new ArrayList<>();
                for (String pair : line.substring(tab + 1).split(" ")) {
                    int equals = pair.indexOf('=');
                    times.add(new Timed(Backend.valueOf(pair.substring(0, equals).toUpperCase(Locale.ROOT)),
                            Double.parseDouble(pair.substring(equals + 1))));
                }
                decisions.put(line.substring(0, tab), List.copyOf(times));
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw unusable("is damaged");
        }
        return decisions;
    }

    private IOException unusable(String reason) {
        return new IOException(file + " " + reason);
    }

    /** Adds a decision and returns all that the file then has; what could not be used is replaced. */
    Map<String, List<Timed>> add(String spec, List<Timed> fastestFirst) throws IOException {
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock _ = lock(channel)) {
            Map<String, List<Timed>> decisions = new TreeMap<>();
            try {
                decisions.putAll(read());
            } catch (IOException e) {
                // The reader of this process has told of it.
            }
            decisions.put(spec, List.copyOf(fastestFirst));
            write(decisions);
            return decisions;
        }
    }

    private FileLock lock(FileChannel channel) throws IOException {
        for (int attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
            try {
                FileLock held = channel.tryLock();
                if (held != null) {
                    return held;
                }
            } catch (OverlappingFileLockException e) {
                // Held by this process; nothing but waiting helps, as when another holds it.
            }
            LockSupport.parkNanos(LOCK_PAUSE_NANOS);
        }
        throw new IOException(lock + " is held by another process");
    }

    private void write(Map<String, List<Timed>> decisions) throws IOException {
        StringBuilder body = new StringBuilder(environment);
        decisions.forEach((spec, times) -> body.append(spec).append('\t').append(times.stream()
                .map(time -> String.format(Locale.ROOT, "%s=%.3f", time.backend().label(), time.micros()))
                .collect(Collectors.joining(" "))).append('\n'));
        // The lock is held, so that nobody else writes it.
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.writeString(part, FIRST_LINE + "\n" + sum(body.toString()) + "\n" + body);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
