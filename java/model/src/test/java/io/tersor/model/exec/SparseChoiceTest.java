package io.tersor.model.exec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelRegistry;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.GraphBuilder;
import io.tersor.model.NetworkOptions;
import io.tersor.model.StepInfo;
import io.tersor.model.TestGraphs;
import io.tersor.model.ValueInfo;
import io.tersor.model.pass.Passes;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What becomes of the formats that a graph's weights are marked with. */
class SparseChoiceTest {
    private static final Arena ARENA = Arena.ofAuto();
    private static final SparseFormat BLOCKS = SparseFormat.block(4, 4);

    private final Random random = new Random(9);
    private final List<KernelSpec> prepared = Collections.synchronizedList(new ArrayList<>());

    /** Stands for a backend and refuses what it is told to. */
    private class Fake extends ScalarLike {
        private final Backend backend;
        private final List<SparseFormat> served;

        Fake(Backend backend, SparseFormat... served) {
            this.backend = backend;
            this.served = List.of(served);
        }

        @Override
        public Backend backend() {
            return backend;
        }

        @Override
        public Optional<String> refusal(KernelSpec spec) {
            Optional<SparseFormat> format = SparseChoiceTest.sparsity(spec);
            return format.isPresent() && !served.contains(format.get()) ? Optional.of("no " + format.get() + " here")
                    : super.refusal(spec);
        }

        @Override
        public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
            prepared.add(spec);
            return super.prepare(spec, weights, bias, options);
        }

        @Override
        public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
            prepared.add(spec);
            return super.prepare(spec, weights, bias, options);
        }
    }

    private static Optional<SparseFormat> sparsity(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec matMul -> matMul.sparsity();
            case Conv2dSpec conv -> conv.sparsity();
            default -> Optional.empty();
        };
    }

    private static GraphBuilder start() {
        return Graph.builder("g", 17).input(ValueInfo.of("x", DataType.F32, Dim.of(1), Dim.of(8), Dim.of(5),
                Dim.of(5)));
    }

    private Graph conv(SparseFormat format) {
        GraphBuilder b = start().initializer("w", TestGraphs.random(random, 1, 8, 8, 3, 3)).sparsity("w", format);
        return b.output(b.add("Relu", b.add("Conv", "x", "w"))).build();
    }

    private List<StepInfo> steps(Graph graph, NetworkOptions options, Fake... backends) {
        try (Engine engine = new Engine(Passes.forExecution(graph), options, new KernelRegistry(List.of(backends)))) {
            engine.warmUp();
            return engine.latest().steps().stream().filter(step -> !step.kernel().contains("/transpose"))
                    .toList();
        }
    }

    private String note(List<StepInfo> steps) {
        assertEquals(1, steps.size(), steps::toString);
        return steps.getFirst().note().orElse("");
    }

    @Test
    void aFormatIsObeyedWhereAFastBackendServesIt() {
        List<StepInfo> steps = steps(conv(BLOCKS), NetworkOptions.DEFAULT, new Fake(Backend.NATIVE, BLOCKS),
                new Fake(Backend.SCALAR, BLOCKS));
        assertEquals("", note(steps));
        assertEquals(List.of(Optional.of(BLOCKS)), prepared.stream().map(SparseChoiceTest::sparsity).toList());
    }

    @Test
    void aFormatThatOnlyScalarServesRunsDenseAndSaysWhy() {
        List<StepInfo> steps = steps(conv(BLOCKS), NetworkOptions.DEFAULT, new Fake(Backend.NATIVE),
                new Fake(Backend.SCALAR, BLOCKS));
        String note = note(steps);
        assertTrue(note.startsWith("not run as 4x4: ") && note.contains("native: no 4x4 here"), note);
        assertTrue(steps.getFirst().toString().endsWith("(" + note + ")"));
        assertEquals(List.of(Optional.empty()), prepared.stream().map(SparseChoiceTest::sparsity).toList());
    }

    @Test
    void scalarServesWhereThereIsNothingElse() {
        assertEquals("", note(steps(conv(BLOCKS), NetworkOptions.DEFAULT, new Fake(Backend.SCALAR, BLOCKS))));
        assertEquals(Optional.of(BLOCKS), sparsity(prepared.getFirst()));
    }

    @Test
    void anOrderedBackendServesItOrRunsDense() {
        Fake[] backends = {new Fake(Backend.NATIVE), new Fake(Backend.VECTOR, BLOCKS),
            new Fake(Backend.SCALAR, BLOCKS)};
        assertEquals("", note(steps(conv(BLOCKS), NetworkOptions.DEFAULT.on(Backend.VECTOR), backends)));
        assertEquals("not run as 4x4: native: no 4x4 here",
                note(steps(conv(BLOCKS), NetworkOptions.DEFAULT.on(Backend.NATIVE), backends)));
    }

    @Test
    void allRunsDenseWhereThatIsOrdered() {
        assertEquals("not run as 4x4: ordered", note(steps(conv(BLOCKS), NetworkOptions.DEFAULT.dense(),
                new Fake(Backend.NATIVE, BLOCKS))));
        assertEquals(Optional.empty(), sparsity(prepared.getFirst()));
    }

    @Test
    void weightsThatAreNotNOfMRunDense() {
        SparseFormat format = SparseFormat.nOfM(2, 4);
        assertTrue(note(steps(conv(format), NetworkOptions.DEFAULT, new Fake(Backend.NATIVE, format)))
                .contains("more entries"));
    }

    @Test
    void nOfMCountsInsideTaps() {
        // 6 inputs: a group of four and one of two.
        Tensor weights = Tensor.ofFloats(ARENA, Shape.of(1, 6), 1, 0, 2, 0, 3, 4);
        assertTrue(SparseChoice.holds(SparseFormat.nOfM(2, 4), weights));
        assertFalse(SparseChoice.holds(SparseFormat.nOfM(1, 4), weights));
        assertFalse(SparseChoice.holds(SparseFormat.nOfM(2, 3), Tensor.ofFloats(ARENA, Shape.of(1, 3), 1, -1, 1)));
        // Two taps of two inputs each: no group reaches over.
        assertTrue(SparseChoice.holds(SparseFormat.nOfM(2, 4), Tensor.ofFloats(ARENA, Shape.of(1, 2, 2), 1, 2, 3, 4)));
        assertTrue(SparseChoice.holds(SparseFormat.nOfM(1, 4), Tensor.ofFloats(ARENA, Shape.of(3, 0))));
    }

    @Test
    void marksFollowFoldedNormalizations() {
        GraphBuilder b = start().initializer("w", TestGraphs.random(random, 1, 8, 8, 3, 3)).sparsity("w", BLOCKS);
        String ones = b.constant("ones", Tensor.ofFloats(ARENA, Shape.of(8), 1, 2, 3, 4, 5, 6, 7, 8));
        Graph graph = b.output(b.add("BatchNormalization", b.add("Conv", "x", "w"), ones, ones, ones, ones)).build();
        assertEquals("", note(steps(graph, NetworkOptions.DEFAULT, new Fake(Backend.NATIVE, BLOCKS))));
        assertEquals(List.of(Optional.of(BLOCKS)), prepared.stream().map(SparseChoiceTest::sparsity).toList());
    }

    @Test
    void marksFollowTransposedAndQuantizedWeights() {
        GraphBuilder b = Graph.builder("g", 17).input(ValueInfo.of("x", DataType.F32, Dim.of(3), Dim.of(8)));
        b.initializer("w", TestGraphs.random(random, 1, 4, 8)).sparsity("w", BLOCKS);
        String scale = b.constant("s", Tensor.ofFloats(ARENA, Shape.of(), 0.02f));
        String zero = b.constant("z", Tensor.allocate(ARENA, DataType.S8, Shape.of()));
        String source = b.constant("sz", Tensor.allocate(ARENA, DataType.U8, Shape.of()));
        String weights = b.add("DequantizeLinear", b.add("QuantizeLinear",
                b.add("Transpose", List.of("w"), Attributes.NONE.with("perm", new long[] {1, 0})), scale, zero), scale,
                zero);
        String x = b.add("DequantizeLinear", b.add("QuantizeLinear", "x", scale, source), scale, source);
        Graph graph = b.output(b.add("MatMul", x, weights)).build();
        List<StepInfo> steps = steps(graph, NetworkOptions.DEFAULT, new Fake(Backend.NATIVE, BLOCKS));
        assertTrue(steps.stream().allMatch(step -> step.note().isEmpty()), steps::toString);
        assertEquals(DataType.S8, ((MatMulSpec) prepared.getFirst()).weights());
        assertEquals(Optional.of(BLOCKS), sparsity(prepared.getFirst()));
    }

    @Test
    void operatorsWithoutSparseKernelsSaySo() {
        GraphBuilder b = start().initializer("w", TestGraphs.random(random, 1, 8, 8, 3, 3)).sparsity("w", BLOCKS);
        Graph graph = b.output(b.add("ConvTranspose", "x", "w")).build();
        assertEquals("not run as 4x4: transposed convolutions take all weights",
                note(steps(graph, NetworkOptions.DEFAULT, new Fake(Backend.NATIVE, BLOCKS))));
    }
}
