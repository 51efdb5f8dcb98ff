package io.tersor.bench.preparation;

import io.tersor.TersorException;
import io.tersor.bench.ModelFiles;
import io.tersor.bench.NetworkRecipe;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.peers.OnnxSession;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.suite.Entrant;
import io.tersor.bench.suite.NetworkComparison;
import io.tersor.bench.suite.Own;
import io.tersor.bench.suite.Workload;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.model.PreparedNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** From the ONNX file of a network, as it is and as INT8, to one that can run, and its end. */
public final class NetworkPreparation implements Workload {
    private final NetworkComparison comparison;

    /**
     * Makes nothing yet.
     *
     * @param contenders {@code auto}, backends' labels, {@code onnxruntime}
     */
    public NetworkPreparation(ModelFiles files, List<String> contenders) {
        this(files, List.of(NetworkRecipe.NONE, "int8"), contenders);
    }

    /** The same of other recipes. */
    public NetworkPreparation(ModelFiles files, List<String> recipes, List<String> contenders) {
        this.comparison = new NetworkComparison(files, MatMulPreparation.SUITE, Optional.empty(), recipes, contenders,
                List.of(1));
    }

    @Override
    public WorkloadName name() {
        return comparison.name();
    }

    @Override
    public List<ContenderName> contenders() {
        return comparison.contenders();
    }

    @Override
    public Entrant prepare(ContenderName contender) {
        String kernel;
        try (Contender verified = comparison.prepare(contender).contender()) {
            kernel = verified.kernel();
        }
        Path file = comparison.variant(contender).file();
        boolean peer = contender.name().equals(OnnxSession.NAME);
        Runnable once = peer ? () -> OnnxSession.loadAndClose(file, OnnxSession.Options.of(1)) : prepareOwn(file, contender.name());
        return new Entrant(new Preparation(contender.name(), kernel, once),
                peer ? Optional.empty() : Own.isa(contender.name()), 0, 0, Optional.empty(),
                Map.of("fileBytes", (double) size(file)));
    }

    private static Runnable prepareOwn(Path file, String name) {
        NetworkOptions options = Own.backend(name).map(NetworkOptions.DEFAULT::on).orElse(NetworkOptions.DEFAULT);
        return () -> {
            try (PreparedNetwork _ = Network.load(file).prepare(options)) {
                // Prepared is all that it has to be.
            }
        };
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be read: " + e, e);
        }
    }

    @Override
    public void close() {
        comparison.close();
    }
}
