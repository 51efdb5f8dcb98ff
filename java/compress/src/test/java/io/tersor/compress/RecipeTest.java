package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
    @Test
    void readsOptions() {
        assertEquals(new Int8Recipe(Optional.empty()), Recipe.parse("int8"));
        assertEquals(new Int8Recipe(Optional.of(Calibrator.MIN_MAX)), Recipe.parse("int8:minmax"));
        assertEquals(new Int8Recipe(Optional.of(new Calibrator.Percentile(99.9))),
                Recipe.parse(" int8 : percentile = 99.9"));
    }

    @Test
    void printsWhatItReads() {
        for (String text : new String[] {"int8", "int8:minmax", "int8:percentile=99.9"}) {
            assertEquals(text, Recipe.parse(text).toString());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "int4|int4",
        "''|expected one of",
        "int8:|expected different options",
        "int8:sparsity=0.8|sparsity",
        "int8:percentile|expected a number, got ''",
        "int8:percentile=high|expected a number, got 'high'",
        "int8:percentile=20|above 50",
        "int8:minmax=1|takes no value",
        "int8:minmax,minmax|expected different options",
        "int8:minmax,percentile=99|got both"})
    void refusesOthers(String text, String part) {
        String message = assertThrows(CompressException.class, () -> Recipe.parse(text)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
