package io.tersor.model.ops;

import static io.tersor.model.ops.OperatorsTest.assertValues;
import static io.tersor.model.ops.OperatorsTest.floats;
import static io.tersor.model.ops.OperatorsTest.longs;
import static io.tersor.model.ops.OperatorsTest.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.model.Attribute;
import io.tersor.model.Attributes;
import io.tersor.model.UnsupportedOperatorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** TfIdfVectorizer; expected counts are worked out by hand. */
class TfIdfTest {
    private static final Arena ARENA = Arena.ofAuto();

    /** Known are 2 and 3, then (5, 6), (6, 7) and (5, 5); the places are in descending order. */
    private static Attributes grams(long least, long most, long skips) {
        return Attributes.NONE.with("mode", "TF").with("min_gram_length", least).with("max_gram_length", most)
                .with("max_skip_count", skips).with("ngram_counts", new long[] {0, 2})
                .with("ngram_indexes", new long[] {4, 3, 2, 1, 0})
                .with("pool_int64s", new long[] {2, 3, 5, 6, 6, 7, 5, 5});
    }

    private static Tensor count(Attributes attributes, long... elements) {
        return run("TfIdfVectorizer", 9, attributes, longs(elements));
    }

    @Test
    void neighboursAreCounted() {
        assertValues(count(grams(1, 1, 0), 2, 2, 9, 3, 5, 6), 0, 0, 0, 1, 2);
        assertValues(count(grams(2, 2, 0), 2, 5, 6, 7, 5, 6), 0, 1, 2, 0, 0);
        assertValues(count(grams(1, 2, 0), 5, 5, 5, 2), 2, 0, 0, 0, 1);
        assertValues(count(grams(1, Long.MAX_VALUE, 0), 5, 5, 5, 2), 2, 0, 0, 0, 1);
        // The pool has none that are so long.
        assertValues(count(grams(Long.MAX_VALUE, Long.MAX_VALUE, 1), 5, 5, 5, 2), 0, 0, 0, 0, 0);
    }

    @Test
    void neighboursMayBeApart() {
        // 5 . 6: one between; 5 . . 6: two.
        assertValues(count(grams(2, 2, 0), 5, 1, 6, 6), 0, 0, 0, 0, 0);
        assertValues(count(grams(2, 2, 1), 5, 1, 6, 6), 0, 0, 1, 0, 0);
        assertValues(count(grams(2, 2, 2), 5, 1, 6, 6), 0, 0, 2, 0, 0);
        assertValues(count(grams(2, 2, Long.MAX_VALUE), 5, 1, 6, 6), 0, 0, 2, 0, 0);
        // Single elements are counted once, whatever the distance.
        assertValues(count(grams(1, 2, 3), 2, 5, 2, 6), 0, 0, 1, 0, 2);
    }

    @Test
    void weightsScaleCountsOrPresence() {
        Attributes weighted = grams(1, 2, 0).with("weights",
                new Attribute.Floats(List.of(10f, 20f, 30f, 40f, 50f)));
        assertValues(count(weighted, 2, 2, 3, 5, 5), 1, 0, 0, 1, 2);
        assertValues(count(weighted.with("mode", "TFIDF"), 2, 2, 3, 5, 5), 10, 0, 0, 40, 100);
        assertValues(count(weighted.with("mode", "IDF"), 2, 2, 3, 5, 5), 10, 0, 0, 40, 50);
        assertValues(count(grams(1, 2, 0).with("mode", "IDF"), 2, 2, 3, 5, 5), 1, 0, 0, 1, 1);
    }

    @Test
    void rowsAreCountedApart() {
        Tensor rows = Tensor.allocate(ARENA, DataType.S32, Shape.of(2, 3));
        long[] elements = {5, 6, 7, 2, 5, 6};
        for (int i = 0; i < 6; i++) {
            rows.setLong(i, elements[i]);
        }
        Tensor counts = run("TfIdfVectorizer", 9, grams(1, 2, 0), rows);
        assertEquals(Shape.of(2, 5), counts.shape());
        assertValues(counts, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1);
        assertValues(count(grams(1, 2, 0)), 0, 0, 0, 0, 0);
        assertEquals(Shape.of(0, 5), run("TfIdfVectorizer", 9, grams(1, 2, 0),
                Tensor.allocate(ARENA, DataType.S64, Shape.of(0, 3))).shape());
    }

    @Test
    void poolsThatMakeNoSenseAreRefused() {
        Attributes good = grams(1, 2, 0);
        for (long[] starts : new long[][] {{0, 9}, {2, 0}, {-1, 2}, {0, 1}, {0, Long.MAX_VALUE}, {0, 0, 1}}) {
            assertThrows(OperandException.class, () -> count(good.with("ngram_counts", starts), 2));
        }
        for (long[] places : new long[][] {{}, {0}, {0, 1, 2, 3, -1}, {0, 1, 2, 3, Long.MAX_VALUE}}) {
            assertThrows(OperandException.class, () -> count(good.with("ngram_indexes", places), 2));
        }
        long[] distant = {0, 1, 2, 3, Integer.MAX_VALUE - 1};
        assertThrows(TersorException.class, () -> count(good.with("ngram_indexes", distant), 2));
        Attribute few = new Attribute.Floats(List.of(1f, 2f));
        assertThrows(OperandException.class, () -> count(good.with("weights", few), 2));
        assertThrows(OperandException.class, () -> count(good.with("mode", "TFID"), 2));
        assertThrows(OperandException.class, () -> count(good.with("min_gram_length", 0), 2));
        assertThrows(OperandException.class, () -> count(good.with("min_gram_length", 3), 2));
        assertThrows(OperandException.class, () -> count(good.with("max_skip_count", -1), 2));
        assertThrows(OperandException.class, () -> run("TfIdfVectorizer", 9, good, floats(1)));
        assertThrows(OperandException.class, () -> run("TfIdfVectorizer", 9, good,
                Tensor.allocate(ARENA, DataType.S64, Shape.of(1, 1, 1))));
        Attribute strings = new Attribute.Strings(List.of("a"));
        assertThrows(UnsupportedOperatorException.class, () -> count(good.with("pool_strings", strings), 2));
    }
}
