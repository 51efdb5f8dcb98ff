package io.tersor.model.verify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.TensorProto;
import io.tersor.kernel.Backend;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.NetworkOptions;
import io.tersor.model.SharedFiles;
import io.tersor.model.ValueInfo;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConformanceTest {
    /** What the cases needed when this was written; more may pass, fewer must not. */
    private static final int PASSING = 444;

    @Test
    void noCaseFailsAndNoneIsLost() {
        List<String> failures = new ArrayList<>();
        int passed = 0;
        for (ConformanceCase one : ConformanceCase.find(SharedFiles.path("onnx-node-tests"))) {
            ConformanceCase.Result result = one.run(NetworkOptions.DEFAULT.on(Backend.SCALAR));
            switch (result.status()) {
                case PASS -> passed++;
                case FAIL -> failures.add(result.name() + ": " + result.detail());
                case UNSUPPORTED -> { }
            }
        }
        assertEquals(List.of(), failures);
        assertTrue(passed >= PASSING, passed + " cases pass, " + PASSING + " did before");
    }

    /** No expectation can be met where numbers are drawn; whatever else differs is a failure. */
    @Test
    void othersRandomNumbersAreNoFailure(@TempDir Path folder) throws IOException {
        assertEquals(ConformanceCase.Status.UNSUPPORTED, expectingTwo(folder.resolve("drawn"), "Bernoulli"));
        assertEquals(ConformanceCase.Status.FAIL, expectingTwo(folder.resolve("computed"), "Neg"));
        assertEquals(ConformanceCase.Status.FAIL, expectingTwo(folder.resolve("kept"), "Dropout"));
    }

    /** Returns how a case of one operator on 0.5 ends that expects 2. */
    private static ConformanceCase.Status expectingTwo(Path folder, String operator) throws IOException {
        Path data = Files.createDirectories(folder.resolve("test_data_set_0"));
        GraphBuilder b = Graph.builder("case", 22).input(ValueInfo.of("x", DataType.F32, Shape.of(1)));
        b.output(ValueInfo.of(b.add(operator, "x"), DataType.F32, Shape.of(1))).build()
                .save(folder.resolve("model.onnx"));
        TensorProto.Builder value = TensorProto.newBuilder().setDataType(1).addDims(1);
        Files.write(data.resolve("input_0.pb"), value.clone().addFloatData(0.5f).build().toByteArray());
        Files.write(data.resolve("output_0.pb"), value.clone().addFloatData(2).build().toByteArray());
        return ConformanceCase.find(folder).getFirst().run(NetworkOptions.DEFAULT.on(Backend.SCALAR)).status();
    }

    @Test
    void differencesAreFound() {
        Arena arena = Arena.ofAuto();
        Tensor expected = Tensor.ofFloats(arena, Shape.of(3), 1f, 2f, Float.NaN);
        assertEquals(Optional.empty(), Comparison.difference(expected, expected));
        assertEquals(Optional.of("largest error 0.5 at element 1: expected 2.0, got 2.5"),
                Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(3), 1f, 2.5f, Float.NaN)));
        assertTrue(Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(3), 1f, 2f, 0f)).isPresent());
        assertTrue(Comparison.difference(expected, Tensor.ofFloats(arena, Shape.of(1), 1f)).isPresent());
        Tensor integers = Tensor.ofLongs(arena, Shape.of(1), 5);
        assertTrue(Comparison.difference(integers, Tensor.ofLongs(arena, Shape.of(1), 6)).isPresent());
    }

    @Test
    void twoUnitsInTheLastPlaceAreFineForBf16() {
        Tensor expected = bf16(1.25f);
        assertEquals(Optional.empty(), Comparison.difference(expected, bf16(1.25f + 2 * 0x1p-7f)));
        assertTrue(Comparison.difference(expected, bf16(1.25f + 3 * 0x1p-7f)).isPresent());
    }

    private static Tensor bf16(float value) {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DataType.BF16, Shape.of(1));
        tensor.set(0, value);
        return tensor;
    }
}
