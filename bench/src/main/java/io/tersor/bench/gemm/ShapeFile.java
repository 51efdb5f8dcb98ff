package io.tersor.bench.gemm;

import io.tersor.TersorException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Lists of shapes as text: a line {@code m k n} for each, after which a fourth number may tell how often a network has
 * it; {@code #} starts a comment.
 */
public final class ShapeFile {
    /** The lists that come with the benchmark. */
    public static final List<String> NAMES = List.of("bert-base", "llm-decode", "square-and-small");

    private ShapeFile() {}

    /**
     * Returns the shapes of a list that comes with the benchmark, or of a file.
     *
     * @throws TersorException naming the file and the line that cannot be understood
     */
    public static List<GemmShape> read(String nameOrFile) {
        try {
            return parse(nameOrFile, NAMES.contains(nameOrFile) ? bundled(nameOrFile)
                    : Files.readString(Path.of(nameOrFile)));
        } catch (NoSuchFileException e) {
            throw new TersorException(nameOrFile + ": no such file, and none of " + String.join(", ", NAMES), e);
        } catch (CharacterCodingException e) {
            throw new TersorException(nameOrFile + ": not a text in UTF-8", e);
        } catch (IOException e) {
            throw new TersorException(nameOrFile + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String bundled(String name) throws IOException {
        try (InputStream in = ShapeFile.class.getResourceAsStream("/io/tersor/bench/shapes/gemm-" + name + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    static List<GemmShape> parse(String file, String text) {
        List<GemmShape> shapes = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String content = line.replaceFirst("#.*", "").strip();
            if (!content.isEmpty()) {
                shapes.add(shape(file + ", line " + number, content));
            }
        }
        if (shapes.isEmpty()) {
            throw new TersorException(file + ": expected lines of m k n, got none");
        }
        return shapes;
    }

    private static GemmShape shape(String place, String content) {
        String[] fields = content.split("\\s+");
        if (fields.length < 3 || fields.length > 4) {
            throw new TersorException(place + ": expected m k n [count], got '" + content + "'");
        }
        int[] numbers = new int[fields.length];
        for (int i = 0; i < fields.length; i++) {
            try {
                numbers[i] = Integer.parseInt(fields[i]);
            } catch (NumberFormatException e) {
                throw new TersorException(place + ": expected a number, got '" + fields[i] + "'", e);
            }
        }
        try {
            return new GemmShape(numbers[0], numbers[1], numbers[2]);
        } catch (TersorException e) {
            throw new TersorException(place + ": " + e.getMessage(), e);
        }
    }
}
