package io.tersor.compress;

import io.tersor.OperandException;
import io.tersor.sparse.SparseFormat;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A recipe as written, {@code name:key=value,flag}, and which of its options were asked for. */
final class RecipeText {
    private final String text;
    private final String name;
    private final Map<String, String> options = new LinkedHashMap<>();
    private final Set<String> known = new HashSet<>();

    private RecipeText(String text, String name) {
        this.text = text;
        this.name = name;
    }

    static RecipeText parse(String text) {
        int colon = text.indexOf(':');
        RecipeText parsed = new RecipeText(text, (colon < 0 ? text : text.substring(0, colon)).strip());
        if (colon >= 0) {
            for (String option : text.substring(colon + 1).split(",", -1)) {
                int equals = option.indexOf('=');
                String key = (equals < 0 ? option : option.substring(0, equals)).strip();
                String value = equals < 0 ? "" : option.substring(equals + 1).strip();
                if (key.isEmpty() || parsed.options.put(key, value) != null) {
                    throw new CompressException("recipe " + text + ": expected different options as key=value, got '"
                            + option + "'");
                }
            }
        }
        return parsed;
    }

    String name() {
        return name;
    }

    /** Returns whether an option without a value is given. */
    boolean flag(String key) {
        known.add(key);
        if (!options.getOrDefault(key, "").isEmpty()) {
            throw new CompressException("recipe " + text + ": " + key + " takes no value");
        }
        return options.containsKey(key);
    }

    /** Returns a number, if the option is given. */
    Optional<Double> number(String key) {
        known.add(key);
        if (!options.containsKey(key)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Double.valueOf(options.get(key)));
        } catch (NumberFormatException failure) {
            throw new CompressException("recipe " + text + ": " + key + ": expected a number, got '" + options.get(key)
                    + "'");
        }
    }

    /** Returns a text, if the option is given. */
    Optional<String> word(String key) {
        known.add(key);
        return Optional.ofNullable(options.get(key));
    }

    /** Returns the constant of an enumeration that an option names in small letters. */
    <E extends Enum<E>> E choice(String key, Class<E> type, E usual) {
        Optional<String> word = word(key);
        if (word.isEmpty()) {
            return usual;
        }
        List<String> names = Arrays.stream(type.getEnumConstants()).map(one -> one.name().toLowerCase(Locale.ROOT))
                .toList();
        if (!names.contains(word.get())) {
            throw new CompressException("recipe " + text + ": " + key + ": expected one of " + names + ", got '"
                    + word.get() + "'");
        }
        return type.getEnumConstants()[names.indexOf(word.get())];
    }

    /** Returns the format of a label. */
    SparseFormat format(String label) {
        try {
            return SparseFormat.parse(label);
        } catch (OperandException failure) {
            throw new CompressException("recipe " + text + ": " + failure.getMessage());
        }
    }

    /** Throws if an option was given that nobody asked for. */
    void checkAllUsed() {
        for (String key : options.keySet()) {
            if (!known.contains(key)) {
                throw new CompressException("recipe " + text + ": expected options out of " + new TreeSet<>(known)
                        + ", got " + key);
            }
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
