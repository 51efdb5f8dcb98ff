package io.tersor.bench.suite;

import io.tersor.bench.GraphProducts;
import io.tersor.bench.ModelFiles;
import io.tersor.bench.NetworkRecipe;
import io.tersor.bench.NetworkVariant;
import io.tersor.bench.NetworkWorkload;
import io.tersor.bench.OnnxRuntimePeer;
import io.tersor.bench.product.ProductTypes;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import io.tersor.kernel.Parallelism;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** One network, before and after compression, on backends and ONNX Runtime, all on the same inputs. */
public final class NetworkComparison implements Workload {
    private static final int BATCH = 1;

    private final ModelFiles files;
    private final String suite;
    private final Optional<String> name;
    private final Map<String, NetworkRecipe> recipes;
    private final List<ContenderName> contenders = new ArrayList<>();
    private final Map<String, NetworkVariant> variants = new LinkedHashMap<>();
    private final Map<Integer, Parallelism> pools = new LinkedHashMap<>();

    /**
     * Makes nothing yet.
     *
     * @param suite that it belongs to
     * @param name of the workload, where it is not the network's
     * @param names of contenders: {@code auto}, backends' labels, {@code onnxruntime}
     * @param threads numbers of threads
     */
    public NetworkComparison(ModelFiles files, String suite, Optional<String> name, List<String> recipes,
            List<String> names, List<Integer> threads) {
        this.files = files;
        this.suite = suite;
        this.name = name;
        this.recipes = recipes.stream().map(NetworkRecipe::new).collect(Collectors.toMap(NetworkRecipe::types,
                Function.identity(), (first, _) -> first, LinkedHashMap::new));
        for (String types : this.recipes.keySet()) {
            for (String contender : names) {
                threads.forEach(count -> contenders.add(
                        new ContenderName(contender, Own.is(contender), types, count)));
            }
        }
    }

    @Override
    public WorkloadName name() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("network", files.name());
        parameters.put("batch", BATCH);
        files.sequence().ifPresent(length -> parameters.put("sequence", length));
        return new WorkloadName(suite, name.orElseGet(files::name), parameters);
    }

    @Override
    public List<ContenderName> contenders() {
        return contenders;
    }

    @Override
    public Entrant prepare(ContenderName contender) {
        NetworkVariant variant = variant(contender);
        if (contender.name().equals(OnnxRuntimePeer.NAME)) {
            return new Entrant(variant.prepareOnnxRuntime(contender.threads()), Optional.empty(), operations(variant),
                    0, Optional.empty(), Map.of());
        }
        NetworkWorkload workload = variant.prepare(Own.backend(contender.name()),
                pools.computeIfAbsent(contender.threads(), Parallelism::of));
        Optional<String> limit = operations(variant) == 0 ? Optional.empty() : Own.limit(
                variant.isQuantized() ? ProductTypes.U8S8U8 : ProductTypes.F32F32F32, contender.name());
        return new Entrant(workload, Own.isa(contender.name()), operations(variant), 0, limit,
                Map.of("activationBytes", (double) workload.activationBytes()));
    }

    /** Returns what a contender runs. */
    public NetworkVariant variant(ContenderName contender) {
        return variants.computeIfAbsent(contender.types(),
                types -> new NetworkVariant(files, recipes.get(types), BATCH));
    }

    /** Of weights that are partly skipped nobody counts how many are stored. */
    private static double operations(NetworkVariant variant) {
        return variant.recipe().isSparse() ? 0 : GraphProducts.operations(variant.graph(), variant.inputs()).orElse(0);
    }

    @Override
    public void close() {
        variants.values().forEach(NetworkVariant::close);
        pools.values().forEach(Parallelism::close);
        files.close();
    }
}
