package io.tersor.model.ops;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * TfIdfVectorizer: counts how often known sequences of integers (n-grams) occur in each row, with up to a given number
 * of elements skipped between neighbours. Weights belong to the places in the result, as in ONNX's reference.
 */
final class TfIdfOp {
    private TfIdfOp() {}

    /** The known n-grams that begin alike: where the one that ends here is counted, or -1, and how it may go on. */
    private static final class Gram {
        private final Map<Long, Gram> next = new HashMap<>();
        private int place = -1;
    }

    static void register(Map<String, Operator> table) {
        table.put("TfIdfVectorizer", TfIdfOp::prepare);
    }

    private static Computation prepare(OpContext context) {
        if (context.attributes().has("pool_strings")) {
            throw context.unsupported("n-grams of strings");
        }
        DataType type = context.type(0);
        context.check(type == DataType.S32 || type == DataType.S64, 0, "s32 or s64");
        Shape shape = context.shape(0);
        context.check(shape.rank() <= 2, 0, "at most two axes");
        long[] places = context.attributes().integers("ngram_indexes");
        context.require(places.length > 0 && Arrays.stream(places).allMatch(p -> p >= 0 && p < Integer.MAX_VALUE),
                "ngram_indexes", "places in the result", Arrays.toString(places));
        int size = (int) Arrays.stream(places).max().orElseThrow() + 1;
        long least = context.attributes().integer("min_gram_length", 1);
        long most = context.attributes().integer("max_gram_length", 1);
        long skips = context.attributes().integer("max_skip_count", 0);
        context.require(least >= 1 && most >= least && skips >= 0, "min_gram_length, max_gram_length, max_skip_count",
                "lengths from 1 on in ascending order, no negative count", least + ", " + most + ", " + skips);
        float[] weights = context.attributes().reals("weights");
        context.require(weights.length == 0 || weights.length >= size, "weights", size + " of them", weights.length);
        String mode = context.attributes().text("mode", "");
        context.require(mode.equals("TF") || mode.equals("IDF") || mode.equals("TFIDF"), "mode", "TF, IDF or TFIDF",
                mode);
        boolean once = mode.equals("IDF");
        boolean weighted = !mode.equals("TF") && weights.length > 0;
        Gram known = known(context, places, least, most);
        int longest = (int) Math.min(most, context.attributes().integers("ngram_counts").length);
        int columns = Math.toIntExact(shape.rank() == 0 ? 1 : shape.dim(-1));
        Shape result = shape.rank() == 2 ? Shape.of(shape.dim(0), size) : Shape.of(size);
        return Computation.of(new TensorType(DataType.F32, result), (in, out) -> {
            long[] counts = new long[size];
            for (long row = 0; row < result.elements() / size; row++) {
                Arrays.fill(counts, 0);
                count(in[0], row * columns, columns, known, new long[] {least, longest, skips}, counts);
                for (int i = 0; i < size; i++) {
                    double value = once ? Math.min(counts[i], 1) : counts[i];
                    out[0].set(row * size + i, weighted ? value * weights[i] : value);
                }
            }
        });
    }

    /** Returns the n-grams of the lengths that count; the pool holds all of length 1, all of length 2 and so on. */
    private static Gram known(OpContext context, long[] places, long least, long most) {
        long[] pool = context.attributes().integers("pool_int64s");
        long[] starts = context.attributes().integers("ngram_counts");
        Gram root = new Gram();
        int gram = 0;
        for (int length = 1; length <= starts.length; length++) {
            long start = starts[length - 1];
            long end = length < starts.length ? starts[length] : pool.length;
            context.require(start >= 0 && start <= end && end <= pool.length && (end - start) % length == 0,
                    "ngram_counts", "ascending positions in a pool of " + pool.length + ", whole n-grams apart",
                    Arrays.toString(starts));
            for (int at = (int) start; at < end; at += length, gram++) {
                context.require(gram < places.length, "ngram_indexes", "one for each n-gram", places.length);
                if (length >= least && length <= most) {
                    Gram node = root;
                    for (int i = at; i < at + length; i++) {
                        node = node.next.computeIfAbsent(pool[i], _ -> new Gram());
                    }
                    node.place = (int) places[gram];
                }
            }
        }
        return root;
    }

    /** @param limits least and most length, and the largest number of elements that are skipped */
    private static void count(Tensor in, long start, int columns, Gram known, long[] limits, long[] counts) {
        for (long distance = 1; limits[0] <= limits[1] && distance < columns + 1L && distance - 1 <= limits[2];
                distance++) {
            // Single elements have no neighbours to skip, so they are counted once.
            long least = distance == 1 ? limits[0] : Math.max(2, limits[0]);
            for (int first = 0; first + distance * (least - 1) < columns; first++) {
                Gram gram = known;
                for (int length = 1; length <= limits[1] && first + distance * (length - 1) < columns; length++) {
                    gram = gram.next.get(in.getLong(start + first + distance * (length - 1)));
                    if (gram == null) {
                        break;
                    }
                    if (length >= least && gram.place >= 0) {
                        counts[gram.place]++;
                    }
                }
            }
        }
    }
}
