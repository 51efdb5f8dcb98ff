package io.tersor.model.contrib;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.TersorException;
import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.Network;
import io.tersor.model.Node;
import io.tersor.model.PreparedNetwork;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Operators with any inputs and attributes run or fail with an exception of the library. */
class HostileContribTest {
    private static final int CASES = 150;
    private static final Arena ARENA = Arena.ofAuto();
    private static final DataType[] TYPES = {DataType.F32, DataType.F32, DataType.F32, DataType.U8, DataType.U8,
        DataType.S8, DataType.S32, DataType.S64, DataType.F16, DataType.BOOL, DataType.U4};
    private static final String[] NUMBERS = {"num_heads", "kv_num_heads", "K", "N", "bits", "block_size", "axis",
        "transA", "transB", "transBatchA", "channels_last", "unidirectional", "do_rotary", "quantize_axis",
        "gather_axis", "opset", "local_window_size", "rotary_embedding_dim", "group", "interleaved"};
    private static final long[] VALUES = {0, 1, 2, 4, 8, 16, -1, -7, 13, 32, Integer.MAX_VALUE, Long.MIN_VALUE};
    private static final long[] EXTENTS = {0, 1, 2, 4, 4, 8, 8, 16};

    private static Tensor tensor(Random random) {
        long[] dims = new long[random.nextInt(6)];
        for (int i = 0; i < dims.length; i++) {
            dims[i] = EXTENTS[random.nextInt(EXTENTS.length)];
        }
        DataType type = TYPES[random.nextInt(TYPES.length)];
        Tensor tensor = Tensor.allocate(ARENA, type, Shape.of(dims));
        for (long i = 0; i < tensor.shape().elements(); i++) {
            if (type.isFloating()) {
                tensor.set(i, random.nextGaussian());
            } else {
                tensor.setLong(i, random.nextInt(type == DataType.BOOL ? 2 : 8));
            }
        }
        return tensor;
    }

    private static Attributes attributes(Random random) {
        Attributes attributes = Attributes.NONE;
        for (String name : NUMBERS) {
            if (random.nextInt(3) == 0) {
                attributes = attributes.with(name, VALUES[random.nextInt(VALUES.length)]);
            }
        }
        if (random.nextInt(4) == 0) {
            attributes = attributes.with("activation", random.nextBoolean() ? "Relu" : "Clip");
        }
        if (random.nextInt(3) == 0) {
            attributes = attributes.with("kernel_shape", new long[] {random.nextInt(4), random.nextInt(4)});
        }
        return random.nextInt(6) == 0 ? attributes.with("qkv_hidden_sizes", new long[] {4, random.nextInt(9), -4})
                : attributes;
    }

    private static void run(String operator, Random random) {
        GraphBuilder b = Graph.builder("hostile", 17).opset(ContribOperators.DOMAIN, 1);
        Map<String, Tensor> given = new HashMap<>();
        List<String> inputs = new ArrayList<>();
        int count = random.nextInt(11);
        boolean constants = random.nextBoolean();
        for (int i = 0; i < count; i++) {
            String name = random.nextInt(6) == 0 ? "" : "x" + i;
            inputs.add(name);
            if (!name.isEmpty()) {
                Tensor tensor = tensor(random);
                if (constants && random.nextInt(4) != 0) {
                    b.initializer(name, tensor);
                } else {
                    given.put(name, tensor);
                    b.input(ValueInfo.of(name, tensor.type(), tensor.shape()));
                }
            }
        }
        List<String> outputs = List.of("y", "y1", "y2", "y3").subList(0, 1 + random.nextInt(4));
        String domain = operator.contains(".") ? ContribOperators.DOMAIN : "";
        b.node(new Node("node", operator.substring(operator.lastIndexOf('.') + 1), domain, inputs, outputs,
                attributes(random)));
        b.output(new ValueInfo("y", DataType.F32, Optional.empty()));
        try (PreparedNetwork network = Network.of(b.build()).prepare(Backend.SCALAR)) {
            network.run(given, ARENA);
        } catch (TersorException expected) {
            assertTrue(expected.getMessage() != null && !expected.getMessage().isEmpty());
        }
    }

    @Test
    void nothingButExceptionsOfTheLibrary() {
        Map<String, String> failures = new TreeMap<>();
        for (String operator : ContribOperators.names()) {
            for (int seed = 0; seed < CASES; seed++) {
                try {
                    run(operator, new Random(31L * seed + operator.hashCode()));
                } catch (RuntimeException | Error e) {
                    failures.putIfAbsent(operator, "seed " + seed + ": " + e + " at " + e.getStackTrace()[0] + " "
                            + e.getStackTrace()[1] + " " + e.getStackTrace()[2]);
                }
            }
        }
        assertEquals(Map.of(), failures);
    }
}
