package io.tersor.bench.calls;

import io.tersor.bench.ModelFiles;
import io.tersor.bench.NetworkRecipe;
import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.networks.BenchNetwork;
import io.tersor.bench.suite.NetworkComparison;
import io.tersor.bench.suite.Workload;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What is called. */
public enum Call {
    /** A native function that returns a constant. */
    EMPTY("empty native call") {
        @Override
        public Workload open(List<String> contenders, Path work) {
            return new EmptyCall(label());
        }
    },
    /** A product of a row. */
    MATMUL("matmul 1x16x16") {
        @Override
        public Workload open(List<String> contenders, Path work) {
            return new ProductCall(label(), new GemmShape(1, 16, 16), contenders);
        }
    },
    /** A convolution of a small image. */
    CONVOLUTION("convolution 8x8 3x3 c16") {
        @Override
        public Workload open(List<String> contenders, Path work) {
            return new ProductCall(label(), new ConvShape(16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1), contenders);
        }
    },
    /** A run of a network of a few small layers. */
    NETWORK("network digits-cnn") {
        @Override
        public Workload open(List<String> contenders, Path work) {
            return new NetworkComparison(
                    ModelFiles.in(work, BenchNetwork.DIGITS_CNN.label(), OptionalInt.empty()), SUITE,
                    Optional.of(label()), List.of(NetworkRecipe.NONE, "int8"), contenders, List.of(1));
        }
    };

    /** The suite's name. */
    public static final String SUITE = "calls";

    private final String label;

    Call(String label) {
        this.label = label;
    }

    /** Returns the workload's name. */
    public String label() {
        return label;
    }

    /** Returns the labels of all. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Call::label).toList();
    }

    /**
     * Returns the workload.
     *
     * @param contenders names, where backends are called
     * @param work a folder for networks' files
     */
    public abstract Workload open(List<String> contenders, Path work);
}
