package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.networks.BenchNetwork;
import io.tersor.compress.Recipe;
import io.tersor.model.Graph;
import io.tersor.model.Network;
import io.tersor.model.NetworkOptions;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Whole quantized networks against ONNX Runtime on the same file, over many inputs. Two classes of the random
 * MobileNetV2 are nearly tied on many of them: ONNX Runtime itself, with and without its fusions, chose the same on
 * 37 of 40.
 */
@Tag("slow")
class PeerAgreementTest {
    private static final int INPUTS = 100;
    private static final long SEED = 1000;

    @ParameterizedTest
    @CsvSource({"resnet50,99", "mobilenet-v2,90"})
    void quantizedNetworksChooseTheSameClass(String name, int least) {
        int same = 0;
        try (ModelFiles files = ModelFiles.temporary(name, OptionalInt.empty());
                Arena arena = Arena.ofShared()) {
            Path file = files.compressed(Recipe.parse("int8"));
            Graph graph = Graph.load(file);
            Map<String, Tensor> inputs = files.inputs(arena, graph, 1);
            try (NetworkWorkload workload = new NetworkWorkload(Network.of(graph).prepare(NetworkOptions.DEFAULT),
                    inputs);
                    OnnxRuntimePeer peer = new OnnxRuntimePeer("onnxruntime", file, 1, inputs,
                            workload.outputs())) {
                for (int i = 0; i < INPUTS; i++) {
                    try (Arena scratch = Arena.ofConfined()) {
                        Map<String, Tensor> fresh = BenchNetwork.of(name).orElseThrow()
                                .inputs(scratch, 1, OptionalInt.empty(), SEED + i);
                        inputs.forEach((input, tensor) -> tensor.copyFrom(fresh.get(input)));
                    }
                    workload.run();
                    peer.time(1);
                    Agreement agreement = Agreement.of(workload.outputs(), peer.outputs());
                    same += agreement.sameClass().orElseThrow() == 1 ? 1 : 0;
                    agreement.check(Agreement.QUANTIZED, peer.name());
                }
            }
        }
        assertTrue(same >= least, same + " of " + INPUTS + " inputs in the same class");
    }
}
