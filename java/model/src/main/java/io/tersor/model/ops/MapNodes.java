package io.tersor.model.ops;

import static java.util.Map.entry;

import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Which operators are functions of single elements, with ONNX's default parameters. */
public final class MapNodes {
    private static final Map<String, Function<Attributes, MapSpec>> TABLE = Map.ofEntries(
            plain("Sqrt", MapFunction.SQRT), plain("Exp", MapFunction.EXP), plain("Log", MapFunction.LOG),
            plain("Erf", MapFunction.ERF), plain("Sigmoid", MapFunction.SIGMOID),
            plain("Softplus", MapFunction.SOFTPLUS), plain("Softsign", MapFunction.SOFTSIGN),
            plain("Reciprocal", MapFunction.RECIPROCAL), plain("Floor", MapFunction.FLOOR),
            plain("Ceil", MapFunction.CEIL), plain("Round", MapFunction.ROUND), plain("Mish", MapFunction.MISH),
            plain("Abs", MapFunction.ABS), plain("Neg", MapFunction.NEG), plain("Sign", MapFunction.SIGN),
            plain("Sin", MapFunction.SIN), plain("Cos", MapFunction.COS), plain("Tan", MapFunction.TAN),
            plain("Asin", MapFunction.ASIN), plain("Acos", MapFunction.ACOS), plain("Atan", MapFunction.ATAN),
            plain("Sinh", MapFunction.SINH), plain("Cosh", MapFunction.COSH),
            entry("Tanh", _ -> new MapSpec(MapFunction.TANH, 1f, 1f)),
            entry("Swish", given -> new MapSpec(MapFunction.SWISH, given.real("alpha", 1f), 0f)),
            entry("HardSigmoid", given -> new MapSpec(MapFunction.HARD_SIGMOID, given.real("alpha", 0.2f),
                    given.real("beta", 0.5f))),
            entry("Elu", given -> new MapSpec(MapFunction.ELU, given.real("alpha", 1f), 1f)),
            entry("Celu", given -> new MapSpec(MapFunction.CELU, given.real("alpha", 1f), 0f)),
            entry("Selu", given -> new MapSpec(MapFunction.ELU, given.real("alpha", 1.67326319217681884765625f),
                    given.real("gamma", 1.05070102214813232421875f))),
            entry("LeakyRelu", given -> new MapSpec(MapFunction.LEAKY_RELU, given.real("alpha", 0.01f), 0f)),
            entry("ThresholdedRelu", given -> new MapSpec(MapFunction.THRESHOLDED_RELU, given.real("alpha", 1f), 0f)));

    /** The operators' names. */
    public static final Set<String> NAMES = TABLE.keySet();

    private MapNodes() {}

    private static Map.Entry<String, Function<Attributes, MapSpec>> plain(String operator, MapFunction function) {
        return entry(operator, _ -> new MapSpec(function));
    }

    /** Returns the function that a node applies to every element, if it is one. */
    public static Optional<MapSpec> of(Node node) {
        return Optional.ofNullable(TABLE.get(node.operator())).map(spec -> spec.apply(node.attributes()));
    }
}
