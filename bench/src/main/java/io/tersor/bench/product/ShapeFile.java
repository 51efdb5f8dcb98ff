package io.tersor.bench.product;

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
import java.util.function.Function;

/**
 * Lists of shapes as text: a line of numbers for each, after which one more may tell how often a network has it;
 * {@code #} starts a comment.
 *
 * @param prefix of the files that come with the benchmark
 * @param names of these lists
 * @param fields what a line has, by name, without the last number
 * @param shape makes a shape of a line's numbers, the last of them how often, 1 where the line does not tell
 * @param <S> the shapes
 */
public record ShapeFile<S>(String prefix, List<String> names, List<String> fields, Function<int[], S> shape) {
    /**
     * Returns the shapes of a list that comes with the benchmark, or of a file.
     *
     * @throws TersorException naming the file and the line that cannot be understood
     */
    public List<S> read(String nameOrFile) {
        try {
            return parse(nameOrFile, names.contains(nameOrFile) ? bundled(nameOrFile)
                    : Files.readString(Path.of(nameOrFile)));
        } catch (NoSuchFileException e) {
            throw new TersorException(nameOrFile + ": no such file, and none of " + String.join(", ", names), e);
        } catch (CharacterCodingException e) {
            throw new TersorException(nameOrFile + ": not a text in UTF-8", e);
        } catch (IOException e) {
            throw new TersorException(nameOrFile + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private String bundled(String name) throws IOException {
        try (InputStream in = ShapeFile.class.getResourceAsStream(
                "/io/tersor/bench/shapes/" + prefix + name + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Returns the shapes of a text. */
    List<S> parse(String file, String text) {
        List<S> shapes = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String content = line.replaceFirst("#.*", "").strip();
            if (!content.isEmpty()) {
                shapes.add(shape(file + ", line " + number, content));
            }
        }
        if (shapes.isEmpty()) {
            throw new TersorException(file + ": expected lines of " + String.join(" ", fields) + ", got none");
        }
        return shapes;
    }

    private S shape(String place, String content) {
        String[] found = content.split("\\s+");
        if (found.length < fields.size() || found.length > fields.size() + 1) {
            throw new TersorException(place + ": expected " + String.join(" ", fields) + " [count], got '" + content
                    + "'");
        }
        int[] numbers = new int[fields.size() + 1];
        numbers[fields.size()] = 1;
        for (int i = 0; i < found.length; i++) {
            try {
                numbers[i] = Integer.parseInt(found[i]);
            } catch (NumberFormatException e) {
                throw new TersorException(place + ": expected a number, got '" + found[i] + "'", e);
            }
        }
        try {
            return shape.apply(numbers);
        } catch (TersorException e) {
            throw new TersorException(place + ": " + e.getMessage(), e);
        }
    }
}
