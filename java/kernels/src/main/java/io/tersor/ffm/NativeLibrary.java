package io.tersor.ffm;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * A native library loaded into this process, where it stays until the process ends.
 *
 * <p>The file comes from the property {@code tersor.<name>.library} where that is set, else out of the class path by
 * way of a per-user cache (see {@link NativeCache}). The property {@code tersor.native.hidden} hides libraries, for
 * tests and to compare backends: {@code true} hides all, {@code onednn,libtersor} hides those named. Immutable and safe
 * to share.
 */
public final class NativeLibrary {
    /** System property that hides native libraries: {@code true}, or names separated by commas. */
    public static final String HIDDEN_PROPERTY = "tersor.native.hidden";

    private final String name;
    private final Path file;
    private final SymbolLookup symbols;

    private NativeLibrary(String name, Path file, SymbolLookup symbols) {
        this.name = name;
        this.file = file;
        this.symbols = symbols;
    }

    /**
     * Loads a library, once per process: loading it again returns another handle to the same library. Its symbols are
     * afterwards also found by {@link SymbolLookup#loaderLookup()} from this library's class loader, which is how the
     * generated bindings find them.
     *
     * @throws NativeLibraryException if the library is hidden, missing, damaged, of another architecture, or cannot be
     *     linked
     */
    public static NativeLibrary load(NativeBundle bundle) {
        if (isHidden(bundle.name())) {
            throw new NativeLibraryException(bundle.name(), "hidden by -D" + HIDDEN_PROPERTY + "="
                    + System.getProperty(HIDDEN_PROPERTY));
        }
        NativePlatform platform = NativePlatform.current();
        try {
            Path file = locate(bundle);
            if (platform.usesElf()) {
                ElfFile.check(bundle.name(), file, platform);
            }
            System.load(file.toString());
            return new NativeLibrary(bundle.name(), file, SymbolLookup.libraryLookup(file, Arena.global()));
        } catch (IOException e) {
            throw new NativeLibraryException(bundle.name(), "cannot be read: " + e.getMessage(), e);
        } catch (IllegalCallerException e) {
            throw new NativeLibraryException(bundle.name(),
                    "native access is denied; start Java with --enable-native-access=io.tersor.kernels", e);
        } catch (UnsatisfiedLinkError e) {
            throw new NativeLibraryException(bundle.name(), "cannot be linked: " + firstLine(e.getMessage()), e);
        }
    }

    private static Path locate(NativeBundle bundle) throws IOException {
        String named = System.getProperty(bundle.libraryProperty(), "");
        if (named.isEmpty()) {
            return new NativeCache(CacheDirectory.candidates(System.getProperties(), System.getenv())).extract(bundle);
        }
        Path file = Path.of(named).toAbsolutePath();
        if (!Files.isRegularFile(file)) {
            throw new NativeLibraryException(bundle.name(), "no file " + file + ", named by -D"
                    + bundle.libraryProperty());
        }
        return file;
    }

    /** Returns the directory that libraries are extracted to, created if need be; empty if none can be used. */
    public static Optional<Path> cacheDirectory() {
        return CacheDirectory.candidates(System.getProperties(), System.getenv()).stream()
                .filter(candidate -> candidate.unusable().isEmpty()).map(CacheDirectory::path).findFirst();
    }

    /** Returns whether {@link #HIDDEN_PROPERTY} hides the library of the given name. */
    public static boolean isHidden(String name) {
        String hidden = System.getProperty(HIDDEN_PROPERTY, "").trim();
        return hidden.equals("true") || Arrays.stream(hidden.split(",")).map(String::trim).anyMatch(name::equals);
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("no reason given");
    }

    /** Returns the short name, such as {@code onednn}. */
    public String name() {
        return name;
    }

    /** Returns the absolute path of the file that was loaded. */
    public Path file() {
        return file;
    }

    /** Returns the address of a symbol of this library or of a library it needs. */
    public Optional<MemorySegment> find(String symbol) {
        return symbols.find(symbol);
    }

    /**
     * Returns the address of a symbol that the library must have.
     *
     * @throws NativeLibraryException if it has not
     */
    public MemorySegment require(String symbol) {
        return find(symbol).orElseThrow(() -> new NativeLibraryException(name,
                file + " is another library: it has no symbol " + symbol));
    }

    @Override
    public String toString() {
        return name + " (" + file + ")";
    }
}
