package io.tersor.cli;

import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.TypeConversionException;

/** Enumerations by the names that they print. */
final class Names {
    private Names() {}

    static <E extends Enum<E>> E find(Class<E> type, String text) {
        return Arrays.stream(type.getEnumConstants()).filter(known -> known.toString().equalsIgnoreCase(text))
                .findFirst().orElseThrow(() -> new TypeConversionException("expected one of "
                        + Arrays.stream(type.getEnumConstants()).map(E::toString).collect(Collectors.joining(", "))
                        + ", got '" + text + "'"));
    }
}
