package io.tersor.bench.product;

import io.tersor.TersorException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

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
        return parse(nameOrFile, text(nameOrFile));
    }

    /**
     * Returns the shapes of a list of one of several kinds: that which has a list of the name, or whose lines have as
     * many numbers as the file's first one.
     *
     * @throws TersorException naming the file and the line that cannot be understood
     */
    public static List<ProductShape> readAny(List<ShapeFile<? extends ProductShape>> kinds, String nameOrFile) {
        List<String> all = kinds.stream().flatMap(kind -> kind.names.stream()).toList();
        Optional<ShapeFile<? extends ProductShape>> named = kinds.stream()
                .filter(kind -> kind.names.contains(nameOrFile)).findFirst();
        if (named.isPresent()) {
            return List.copyOf(named.get().read(nameOrFile));
        }
        String text = fileText(nameOrFile, all);
        int numbers = text.lines().map(ShapeFile::content).filter(content -> !content.isEmpty()).findFirst()
                .map(content -> content.split("\\s+").length).orElse(0);
        ShapeFile<? extends ProductShape> kind = kinds.stream().filter(some -> some.fits(numbers)).findFirst()
                .orElseThrow(() -> new TersorException(nameOrFile + ": expected lines of " + kinds.stream()
                        .map(some -> "'" + String.join(" ", some.fields) + "'").collect(Collectors.joining(" or "))
                        + ", got one of " + numbers + " numbers"));
        return List.copyOf(kind.parse(nameOrFile, text));
    }

    /**
     * Returns the shape of the lists that come with the benchmark that reports call so.
     *
     * @throws TersorException if there is none
     */
    public S named(String name) {
        return names.stream().flatMap(list -> read(list).stream()).filter(some -> some.toString().equals(name))
                .findFirst().orElseThrow(() -> new TersorException("shape: expected one of "
                        + String.join(", ", names) + ", got '" + name + "'"));
    }

    private boolean fits(int numbers) {
        return numbers == fields.size() || numbers == fields.size() + 1;
    }

    private String text(String nameOrFile) {
        if (!names.contains(nameOrFile)) {
            return fileText(nameOrFile, names);
        }
        try (InputStream in = ShapeFile.class.getResourceAsStream(
                "/io/tersor/bench/shapes/" + prefix + nameOrFile + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String fileText(String file, List<String> names) {
        try {
            return Files.readString(Path.of(file));
        } catch (NoSuchFileException e) {
            throw new TersorException(file + ": no such file, and none of " + String.join(", ", names), e);
        } catch (CharacterCodingException e) {
            throw new TersorException(file + ": not a text in UTF-8", e);
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String content(String line) {
        return line.replaceFirst("#.*", "").strip();
    }

    /** Returns the shapes of a text. */
    List<S> parse(String file, String text) {
        List<S> shapes = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String content = content(line);
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
        if (!fits(found.length)) {
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
