package io.tersor.compress;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.compress.MagnitudePruning.Norm;
import io.tersor.compress.MagnitudePruning.Scope;
import io.tersor.sparse.SparseFormat;
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
    void readsOptionsOfPruning() {
        assertEquals(new ReducingRecipe(MagnitudePruning.of(SparseFormat.block(32, 4), 0.8),
                Optional.of(new Int8Recipe(Optional.empty()))), Recipe.parse("sparse-int8:block=32x4,sparsity=0.8"));
        assertEquals(new ReducingRecipe(new MagnitudePruning(SparseFormat.nOfM(2, 4), 0.5, Scope.LAYER, Kept.FIRST,
                Norm.L2), Optional.empty()), Recipe.parse("prune:format=2:4,keep=first"));
        assertEquals(Recipe.parse("prune:format=32x4,sparsity=0.5,scope=layer,norm=l2,keep=first+last"),
                Recipe.parse("prune:block=32x4,sparsity=0.5"));
        assertEquals(new ReducingRecipe(new ChannelPruning(0.3, Kept.ENDS), Optional.empty()),
                Recipe.parse("structured:channels=0.3"));
    }

    @Test
    void onlyQuantizationNeedsCalibration() {
        for (String text : new String[] {"prune:format=2:4", "structured:channels=0.5"}) {
            assertFalse(Recipe.parse(text).calibrates());
        }
        for (String text : new String[] {"int8", "sparse-int8:format=2:4", "structured-int8:channels=0.5"}) {
            Recipe recipe = Recipe.parse(text);
            assertTrue(recipe.calibrates());
            assertThrows(CompressException.class, () -> recipe.apply(SmallNetwork.residual()));
        }
    }

    @Test
    void printsWhatItReads() {
        for (String text : new String[] {"int8", "int8:minmax", "int8:percentile=99.9", "prune:format=32x4,sparsity=0.8", "prune:format=2:4",
            "sparse-int8:format=csr,sparsity=0.9,scope=global,keep=none,norm=l1,percentile=99.9",
            "sparse-int8:format=keep", "structured:channels=0.3", "structured-int8:channels=0.3,keep=first,minmax"}) {
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
        "int8:minmax,percentile=99|got both",
        "prune|expected one of block",
        "prune:block=32x4|sparsity=S",
        "prune:block=2:4|32x4",
        "prune:block=0x4,sparsity=0.5|format",
        "prune:block=2000x4,sparsity=0.5|1 to 1024",
        "prune:format=5:4|1 <= n <= m",
        "prune:format=coo,sparsity=0.5|format",
        "prune:format=csr,block=32x4,sparsity=0.5|got both",
        "prune:format=csr,sparsity=0|above 0",
        "prune:format=csr,sparsity=1|below 1",
        "prune:format=csr,sparsity=-0.5|above 0",
        "prune:format=csr,sparsity=NaN|sparsity",
        "prune:format=csr,sparsity=Infinity|below 1",
        "prune:format=2:4,sparsity=0.8|0.5",
        "prune:format=2:4,scope=global|do not apply",
        "prune:format=csr,sparsity=0.5,scope=all|one of",
        "prune:format=csr,sparsity=0.5,norm=l3|one of",
        "prune:format=csr,sparsity=0.5,keep=middle|first+last",
        "prune:format=csr,sparsity=0.5,minmax|minmax",
        "prune:format=keep,sparsity=0.5|sparsity",
        "sparse-int8:block=32x4,sparsity=0.8,minmax,percentile=99|got both",
        "structured|channels=S",
        "structured:channels=1|below 1",
        "structured:channels=NaN|above 0",
        "structured:block=32x4,channels=0.3|block"})
    void refusesOthers(String text, String part) {
        String message = assertThrows(CompressException.class, () -> Recipe.parse(text)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
