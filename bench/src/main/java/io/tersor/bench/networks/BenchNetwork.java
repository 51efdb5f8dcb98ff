package io.tersor.bench.networks;

import io.tersor.model.Graph;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.LongFunction;

/** The networks that a command line can name, each with inputs that suit it. */
public enum BenchNetwork {
    /** See {@link ResNet50}. */
    RESNET50("resnet50", 0, ResNet50::build, BenchNetwork::images),
    /** See {@link MobileNetV2}. */
    MOBILENET_V2("mobilenet-v2", 0, MobileNetV2::build, BenchNetwork::images),
    /** See {@link BertEncoder}; sequences of 128. */
    BERT_BASE("bert-base", 128, BertEncoder.BASE::build, BenchNetwork::hiddenStates),
    /** The same. */
    BERT_BASE_128("bert-base-128", 128, BertEncoder.BASE::build, BenchNetwork::hiddenStates),
    /** The same with sequences of 384. */
    BERT_BASE_384("bert-base-384", 384, BertEncoder.BASE::build, BenchNetwork::hiddenStates),
    /** See {@link LstmClassifier}; sequences of 64. */
    LSTM("lstm", 64, LstmClassifier.BASE::build, BenchNetwork::frames),
    /** See {@link Decoder}; sequences of 64. */
    DECODER("decoder", 64, Decoder.SMALL::build, BenchNetwork::tokens),
    /** See {@link Digits}; its weights are not random. */
    DIGITS_CNN("digits-cnn", 0, _ -> Digits.network(), BenchNetwork::digits);

    /** Makes inputs, by name. */
    @FunctionalInterface
    private interface Inputs {
        Map<String, Tensor> make(Arena arena, int samples, int sequence, long seed);
    }

    private final String label;
    private final int sequence;
    private final LongFunction<Graph> builder;
    private final Inputs inputs;

    BenchNetwork(String label, int sequence, LongFunction<Graph> builder, Inputs inputs) {
        this.label = label;
        this.sequence = sequence;
        this.builder = builder;
        this.inputs = inputs;
    }

    /** Returns the network of a name, if there is one. */
    public static Optional<BenchNetwork> of(String label) {
        return Arrays.stream(values()).filter(network -> network.label.equals(label)).findFirst();
    }

    /** Returns all names. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(network -> network.label).toList();
    }

    /** Returns its name. */
    public String label() {
        return label;
    }

    /** Returns the length of its sequences, where it has any and no other is asked for. */
    public OptionalInt sequence() {
        return sequence == 0 ? OptionalInt.empty() : OptionalInt.of(sequence);
    }

    /** Returns the network with the weights of a seed. */
    public Graph build(long seed) {
        return builder.apply(seed);
    }

    /**
     * Returns inputs like those that the network would see, by name; axis 0 counts the samples.
     *
     * @param length of sequences, where the network's own is not meant; not looked at where it has none
     */
    public Map<String, Tensor> inputs(Arena arena, int samples, OptionalInt length, long seed) {
        return inputs.make(arena, samples, length.orElse(sequence), seed);
    }

    private static Map<String, Tensor> images(Arena arena, int samples, int sequence, long seed) {
        return Map.of("image", SeededInputs.images(arena, samples, 224, seed));
    }

    private static Map<String, Tensor> hiddenStates(Arena arena, int samples, int sequence, long seed) {
        return Map.of("hidden",
                SeededInputs.normal(arena, Shape.of(samples, sequence, BertEncoder.BASE.width()), seed));
    }

    private static Map<String, Tensor> frames(Arena arena, int samples, int sequence, long seed) {
        return Map.of("frames",
                SeededInputs.normal(arena, Shape.of(samples, sequence, LstmClassifier.BASE.features()), seed));
    }

    private static Map<String, Tensor> tokens(Arena arena, int samples, int sequence, long seed) {
        return Map.of("tokens",
                SeededInputs.indices(arena, Shape.of(samples, sequence), Decoder.SMALL.vocabulary(), seed));
    }

    /** Images one after the other from a seeded place on. */
    private static Map<String, Tensor> digits(Arena arena, int samples, int sequence, long seed) {
        Tensor images = Digits.calibrationImages(arena);
        long first = Math.floorMod(seed * samples, images.shape().dim(0) - samples + 1);
        return Map.of(Digits.network().inputs().getFirst().name(), images.slice(0, first, samples).copy(arena));
    }
}
