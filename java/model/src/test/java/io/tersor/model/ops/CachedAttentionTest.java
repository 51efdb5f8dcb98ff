package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention with a cache, windows, and lines of different lengths: the kernel against the operator's definition. */
class CachedAttentionTest {
    private static final int HEADS = 4;
    private static final int KV_HEADS = 2;
    private static final int SIZE = 16;
    private static final int IMAGES = 2;

    private static Tensor tensor(Random random, boolean tokens, int heads, long length) {
        return tokens ? TestGraphs.random(random, 1, IMAGES, length, (long) heads * SIZE)
                : TestGraphs.random(random, 1, IMAGES, heads, length, SIZE);
    }

    private static Attributes attributes(boolean tokens, int causal, int left, int right) {
        Attributes attributes = Attributes.NONE.with("is_causal", causal).with("left_window_size", left)
                .with("right_window_size", right).with("scale", 0.3f);
        return tokens ? attributes.with("q_num_heads", HEADS).with("kv_num_heads", KV_HEADS) : attributes;
    }

    private static Tensor bools(Random random, long... dims) {
        Tensor mask = Tensor.allocate(Arena.ofAuto(), DataType.BOOL, Shape.of(dims));
        for (long i = 0; i < mask.shape().elements(); i++) {
            mask.setLong(i, random.nextInt(4) == 0 ? 0 : 1);
        }
        return mask;
    }

    private static Tensor mask(Random random, String kind, long length, long total) {
        return switch (kind) {
            case "rows" -> TestGraphs.random(random, 1, IMAGES, 1, 1, total);
            case "full" -> TestGraphs.random(random, 1, 1, HEADS, length, total);
            case "bool" -> bools(random, IMAGES, 1, length, total);
            default -> null;
        };
    }

    private static void check(Attributes attributes, List<String> outputs, Tensor... inputs) {
        for (Backend backend : List.of(Backend.SCALAR, Backend.VECTOR)) {
            PlainReference.check(new Node("node", "Attention", "", List.of(), outputs, attributes), "attention", 1e-4,
                    List.of(), backend, inputs);
        }
    }

    @ParameterizedTest
    @CsvSource({"true,3,5,1,-1,-1,none", "true,3,5,0,-1,-1,rows", "false,1,5,1,-1,-1,none", "false,4,3,1,2,-1,full",
        "true,4,3,1,2,1,bool", "true,4,3,0,2,1,none", "false,2,6,1,-1,-1,bool", "true,5,2,1,-1,-1,rows",
        "false,1,9,0,3,-1,rows"})
    void keysFollowThoseOfTheCache(boolean tokens, int length, int past, int causal, int left, int right,
            String kind) {
        Random random = new Random(3);
        Tensor cached = tensor(random, false, KV_HEADS, past);
        Tensor values = tensor(random, false, KV_HEADS, past);
        Tensor q = tensor(random, tokens, HEADS, length);
        Tensor k = tensor(random, tokens, KV_HEADS, length);
        Tensor v = tensor(random, tokens, KV_HEADS, length);
        Tensor mask = mask(random, kind, length, past + length);
        check(attributes(tokens, causal, left, right), List.of("y", "keys", "values"), q, k, v, mask, cached, values);
        check(attributes(tokens, causal, left, right), List.of("y"), q, k, v, mask, cached, values);
    }

    @ParameterizedTest
    @CsvSource({"true,4,4,1,-1,-1,none", "true,3,6,0,-1,-1,rows", "false,4,4,1,2,-1,none", "false,5,5,0,1,1,full",
        "true,1,7,0,-1,-1,none"})
    void presentsAreKeysAndValuesOfHeads(boolean tokens, int length, int total, int causal, int left, int right,
            String kind) {
        Random random = new Random(4);
        Tensor q = tensor(random, tokens, HEADS, length);
        Tensor k = tensor(random, tokens, KV_HEADS, total);
        Tensor v = tensor(random, tokens, KV_HEADS, total);
        Tensor mask = mask(random, kind, length, total);
        check(attributes(tokens, causal, left, right), List.of("y", "keys", "values"), q, k, v, mask);
        check(attributes(tokens, causal, left, right), List.of("y", "", "values"), q, k, v, mask);
        check(attributes(tokens, causal, left, right), List.of("y"), q, k, v, mask);
    }

    @ParameterizedTest
    @CsvSource({"1,9,9,9,-1,none", "1,9,9,4,-1,none", "3,9,9,5,-1,none", "3,9,5,3,2,rows", "3,9,9,9,2,full",
        "2,9,1,9,-1,bool", "4,4,4,2,-1,full", "4,4,4,4,-1,none"})
    void linesEndWhereTheirLengthsSay(int length, int total, int first, int second, int left, String kind) {
        Random random = new Random(5);
        Tensor q = tensor(random, false, HEADS, length);
        Tensor k = tensor(random, false, KV_HEADS, total);
        Tensor v = tensor(random, false, KV_HEADS, total);
        Tensor lengths = Tensor.ofLongs(Arena.ofAuto(), Shape.of(IMAGES), first, second);
        for (int causal = 0; causal < 2; causal++) {
            check(attributes(false, causal, left, -1), List.of("y"), q, k, v, mask(random, kind, length, total), null,
                    null, lengths);
        }
    }
}
