package io.tersor.bench.suite;

import io.tersor.TersorException;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.ResultsJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;

/**
 * What to measure, as a JSON file has it; a part that is missing is not measured. In each part {@code seconds} is how
 * long to time each contender in each JVM, and {@code threads} lists numbers of threads, of which 0 is all cores.
 *
 * @param forks JVMs for each suite
 * @param gemm matrix multiplications
 * @param conv convolutions of one image
 * @param sparse products with sparse weights, beside dense ones
 * @param networks whole networks
 * @param calls the cost of a call
 * @param preparation the time before the first run
 */
public record Plan(int forks, List<ProductPart> gemm, List<ProductPart> conv, List<SparsePart> sparse,
        List<NetworkPart> networks, List<CallPart> calls, List<PreparationPart> preparation) {
    /** The plan that ends within 10 minutes on 2 cores. */
    public static final String QUICK = "quick";
    /** The plan that ends within 60 minutes on 2 cores. */
    public static final String FULL = "full";

    /**
     * Products.
     *
     * @param shapes names of lists that come with the benchmark, or files
     * @param contenders by types of src, weights and dst: {@code auto}, backends' labels and peers' names
     * @param cold whether runs take turns in copies of the weights that exceed the last-level cache
     */
    public record ProductPart(List<String> shapes, Map<String, List<String>> contenders, List<Integer> threads,
            boolean cold, double seconds) {}

    /**
     * Sparse products of one thread.
     *
     * @param shapes as of {@link ProductPart}
     * @param types of src, weights and dst
     * @param formats of the weights
     * @param sparsities shares of zeros, not looked at where the format has its own
     * @param backend of the sparse kernels
     * @param dense what they are compared with, on the same weights
     */
    public record SparsePart(List<String> shapes, List<String> types, List<String> formats, List<Double> sparsities,
            String backend, List<String> dense, double seconds) {}

    /**
     * A network.
     *
     * @param network a name that {@code bench model} knows
     * @param recipes of compression, {@code none} for the network as it is
     * @param contenders {@code auto}, backends' labels, or {@code onnxruntime}
     */
    public record NetworkPart(String network, List<String> recipes, List<String> contenders, List<Integer> threads,
            double seconds) {}

    /**
     * The cost of calls.
     *
     * @param contenders backends' labels
     */
    public record CallPart(List<String> contenders, double seconds) {}

    /**
     * Preparation: of products from the weights to a kernel, of networks from the file to one that can run.
     *
     * @param shapes of matrix multiplications
     * @param types of these
     * @param networks names that {@code bench model} knows, prepared as they are and as INT8
     * @param contenders backends' labels, {@code onnxruntime} for networks
     */
    public record PreparationPart(List<String> shapes, List<String> types, List<String> networks,
            List<String> contenders, double seconds) {}

    /**
     * Copies the lists, for which none stands where they are missing.
     *
     * @throws TersorException if there are too few forks
     */
    public Plan {
        if (forks < Estimate.MIN_FORKS) {
            throw new TersorException("forks: expected at least " + Estimate.MIN_FORKS + ", got " + forks);
        }
        gemm = orNone(gemm);
        conv = orNone(conv);
        sparse = orNone(sparse);
        networks = orNone(networks);
        calls = orNone(calls);
        preparation = orNone(preparation);
    }

    private static <T> List<T> orNone(List<T> part) {
        return part == null ? List.of() : List.copyOf(part);
    }

    /**
     * Returns {@link #QUICK}, {@link #FULL}, or the plan of a file.
     *
     * @throws TersorException naming the file if it cannot be read
     */
    public static Plan of(String nameOrFile) {
        String text = nameOrFile.equals(QUICK) || nameOrFile.equals(FULL) ? resource(nameOrFile) : file(nameOrFile);
        try {
            return ResultsJson.MAPPER.readValue(text, Plan.class);
        } catch (JacksonException e) {
            throw new TersorException(nameOrFile + ": not a plan: " + e.getOriginalMessage(), e);
        }
    }

    private static String resource(String name) {
        try (InputStream in = Plan.class.getResourceAsStream("/io/tersor/bench/plans/" + name + ".json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String file(String name) {
        try {
            return Files.readString(Path.of(name));
        } catch (IOException e) {
            throw new TersorException(name + ": cannot be read: " + e, e);
        }
    }

    /** Returns all numbers of threads that are used here, 1 among them. */
    SortedSet<Integer> allThreads() {
        List<Integer> planned = new ArrayList<>(List.of(1));
        gemm.forEach(part -> planned.addAll(part.threads()));
        conv.forEach(part -> planned.addAll(part.threads()));
        networks.forEach(part -> planned.addAll(part.threads()));
        return new TreeSet<>(threads(planned));
    }

    /** Returns the numbers of threads of a part as they are meant on this machine, each once. */
    static List<Integer> threads(List<Integer> planned) {
        int cores = Runtime.getRuntime().availableProcessors();
        return planned.stream().map(count -> count == 0 ? cores : count).filter(count -> count <= cores).distinct()
                .toList();
    }
}
