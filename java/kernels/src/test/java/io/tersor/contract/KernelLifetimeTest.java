package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.CumulateSpec;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.DynamicQuantizer;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.GlobalAveragePoolSpec;
import io.tersor.kernel.Interpolate;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.Kernel;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNorm;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProduct;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.PadSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.Pool2dSpec;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.kernel.ReduceSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.SoftmaxSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.kernel.Window;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** What every prepared kernel promises about its life: errors instead of crashes, many threads, no garbage. */
@Tag("isa-tiers")
class KernelLifetimeTest {
    private static final QuantParams SRC = QuantParams.perTensor(0.05f, 7);
    private static final QuantParams WEIGHTS = QuantParams.perTensor(0.01f, 0);
    private static final QuantParams DST = QuantParams.perTensor(1.5f, 11);

    /** What a quantizer makes besides levels, the same from every thread. */
    private static final Tensor BYTES_PARAMS = Tensor.allocate(Arena.global(), F32, Shape.of(1, 2));
    private static final Tensor QUANTIZER_PARAMS = Tensor.allocate(Arena.global(), F32, Shape.of(13, 2));
    private static final Tensor QUANTIZER_SUMS = Tensor.allocate(Arena.global(), S32, Shape.of(39, 33));
    private static final Tensor QUANTIZER_RESULT = Tensor.allocate(Arena.global(), F32, Shape.of(13, 33));

    private static final Tensor INDEX = Tensor.allocate(Arena.global(), S32, Shape.of(2, 5));
    private static final Tensor INDEX_WEIGHTS = Tensor.allocate(Arena.global(), F32, Shape.of(2, 5));

    private static final long WARM_UP_NANOS = 20_000_000_000L;

    /** A spec and the shape of its source. */
    private record Subject(KernelSpec spec, Shape srcShape) {
        DataType srcType() {
            return switch (spec) {
                case MatMulSpec matMul -> matMul.src();
                case Conv2dSpec conv -> conv.src();
                case AddSpec add -> add.a();
                case UnarySpec unary -> unary.srcType();
                case LayerNormSpec _, MatrixProductSpec _, RecurrentCellSpec _, DynamicQuantizerSpec _,
                        InterpolateSpec _ -> F32;
                case BinarySpec binary -> binary.a();
                case SelectSpec _ -> DataType.BOOL;
                case AttentionSpec attention -> attention.q().type();
            };
        }

        Tensor src(Arena arena) {
            Tensor src = Tensor.allocate(arena, srcType(), srcShape);
            GuardedArena.fill(src, new Draw(spec.name()).values(srcType(), srcShape.elements()));
            return src;
        }

        Tensor dst(Arena arena) {
            return switch (spec) {
                case MatMulSpec matMul -> Tensor.allocate(arena, matMul.dst(), srcShape.with(-1, matMul.n()));
                case Conv2dSpec conv -> Tensor.allocate(arena, conv.dst(), conv.dstShape(srcShape));
                case AddSpec add -> Tensor.allocate(arena, add.dst(), srcShape);
                case UnarySpec unary -> Tensor.allocate(arena, unary.dstType(), unary.dstShape(srcShape));
                case LayerNormSpec norm -> Tensor.allocate(arena, norm.dst(), srcShape);
                case RecurrentCellSpec _ -> Tensor.allocate(arena, F32, srcShape);
                case InterpolateSpec _ -> Tensor.allocate(arena, F32, srcShape.with(1, INDEX.shape().dim(1)));
                case BinarySpec binary -> Tensor.allocate(arena, binary.dst(), srcShape);
                case DynamicQuantizerSpec quantizer -> Tensor.allocate(arena, U8,
                        srcShape.with(0, srcShape.dim(0) * quantizer.levels().planes()));
                case SelectSpec select -> Tensor.allocate(arena, select.type(), srcShape);
                case MatrixProductSpec _ -> Tensor.allocate(arena, F32, srcShape.with(-1, srcShape.dim(0)));
                case AttentionSpec attention -> Tensor.allocate(arena, attention.dst().type(), srcShape);
            };
        }

        Kernel prepare(Candidate candidate) {
            PrepareOptions options = candidate.options(Parallelism.SINGLE);
            try (Arena arena = Arena.ofConfined()) {
                return switch (spec) {
                    case MatMulSpec matMul -> candidate.registry().prepare(matMul,
                            weights(arena, matMul.weights(), Shape.of(matMul.k(), matMul.n())), Optional.empty(),
                            options);
                    case Conv2dSpec conv -> candidate.registry().prepare(conv,
                            weights(arena, conv.weights(), conv.weightsShape()), Optional.empty(), options);
                    case AddSpec add -> candidate.registry().prepare(add, options);
                    case UnarySpec unary -> candidate.registry().prepare(unary, options);
                    case LayerNormSpec norm -> candidate.registry().prepare(norm,
                            weights(arena, F32, Shape.of(norm.columns())), Optional.empty(), options);
                    case BinarySpec binary -> candidate.registry().prepare(binary, options);
                    case SelectSpec select -> candidate.registry().prepare(select, options);
                    case InterpolateSpec interpolate -> candidate.registry().prepare(interpolate, options);
                    case RecurrentCellSpec cell -> candidate.registry().prepare(cell, Optional.empty(), options);
                    case DynamicQuantizerSpec quantizer -> candidate.registry().prepare(quantizer,
                            QuantParams.perTensor(0.5f, 0), weights(arena, S32, Shape.of(quantizer.n())),
                            Optional.empty(), options);
                    case MatrixProductSpec product -> candidate.registry().prepare(product, options);
                    case AttentionSpec attention -> candidate.registry().prepare(attention, options);
                };
            }
        }

        private static Tensor weights(Arena arena, DataType type, Shape shape) {
            Tensor weights = Tensor.allocate(arena, type, shape);
            GuardedArena.fill(weights, new Draw("weights").values(type, shape.elements()));
            return weights;
        }
    }

    private static void run(Kernel kernel, Tensor src, Tensor dst) {
        switch (kernel) {
            case MatMul matMul when matMul.spec().paramsAtRun() -> matMul.run(src, 0.5f, 3, dst);
            case MatMul matMul -> matMul.run(src, dst);
            case Conv2d conv -> conv.run(src, dst);
            case Add add -> add.run(src, src, dst);
            case Unary unary -> unary.run(src, dst);
            case LayerNorm norm -> norm.run(src, dst);
            case Binary binary -> binary.run(src, src, dst);
            case Select select -> select.run(src, src, src, dst);
            case Interpolate interpolate -> interpolate.run(src, INDEX, INDEX_WEIGHTS, dst);
            case RecurrentCell cell -> {
                for (long row = 0; row < src.shape().dim(0); row++) {
                    cell.run(src, row, src, dst, dst, row);
                }
            }
            case DynamicQuantizer quantizer when quantizer.spec().levels() == DynamicQuantizerSpec.Levels.BYTES ->
                    quantizer.quantize(src, dst, BYTES_PARAMS);
            case DynamicQuantizer quantizer -> {
                quantizer.quantize(src, dst, QUANTIZER_PARAMS);
                quantizer.dequantize(QUANTIZER_SUMS, QUANTIZER_PARAMS, QUANTIZER_RESULT);
            }
            case MatrixProduct product -> product.run(src, src, dst);
            case Attention attention -> attention.run(src, src, src, dst);
        }
    }

    private static QuantParams paramsOf(DataType type, QuantParams quantized) {
        return type.isQuantized() ? quantized : QuantParams.IDENTITY;
    }

    private static List<Subject> subjects() {
        Shape image = Shape.of(1, 9, 9, 24);
        Shape rows = Shape.of(13, 70);
        List<Subject> subjects = new ArrayList<>();
        for (TypeCombo types : TypeCombo.MATMUL) {
            subjects.add(new Subject(new MatMulSpec(types.src(), types.weights(), types.dst(), 70, 33,
                    paramsOf(types.src(), SRC), paramsOf(types.weights(), WEIGHTS), paramsOf(types.dst(), DST),
                    Bias.NONE, Activation.NONE), rows));
        }
        for (TypeCombo types : TypeCombo.CONV2D) {
            QuantParams src = paramsOf(types.src(), SRC);
            QuantParams weights = paramsOf(types.weights(), WEIGHTS);
            QuantParams dst = paramsOf(types.dst(), DST);
            subjects.add(new Subject(new Conv2dSpec(types.src(), types.weights(), types.dst(), 24, 17,
                    Window.of(3, 3).padding(1), 1, src, weights, dst, Bias.NONE, Activation.NONE), image));
            subjects.add(new Subject(new Conv2dSpec(types.src(), types.weights(), types.dst(), 24, 24,
                    Window.of(3, 3).padding(1), 24, src, weights, dst, Bias.NONE,
                    ProductCases.possible(types, Activation.RELU6)), image));
        }
        subjects.add(new Subject(AddSpec.f32(Activation.RELU), rows));
        subjects.add(new Subject(new AddSpec(U8, U8, U8, SRC, SRC, DST, Activation.RELU), rows));
        subjects.add(new Subject(new LayerNormSpec(true, 70, 1e-5f, false, F32, QuantParams.IDENTITY), rows));
        subjects.add(new Subject(new LayerNormSpec(false, 70, 1e-5f, false, S8, DST), rows));
        subjects.add(new Subject(new MatrixProductSpec(true), rows));
        subjects.add(new Subject(new BinarySpec(BinarySpec.Operation.SUB), rows));
        subjects.add(new Subject(new BinarySpec(BinarySpec.Operation.MUL, U8, U8, U8, SRC, SRC, DST), rows));
        subjects.add(new Subject(new SelectSpec(DataType.BOOL), rows));
        subjects.add(new Subject(new BinarySpec(BinarySpec.Operation.MOD, S32), rows));
        subjects.add(new Subject(new InterpolateSpec(), Shape.of(2, 9, 70)));
        subjects.add(new Subject(new CastSpec(F32, U8), rows));
        subjects.add(new Subject(new TransposeSpec(U8), Shape.of(2, 9, 70)));
        subjects.add(new Subject(LookupSpec.of(U8, S8, new byte[LookupSpec.ENTRIES]), rows));
        subjects.add(new Subject(new MoveSpec(U8, Shape.of(9, 70), Shape.of(70, 9), 0, Shape.of(70, 9), List.of(1L, 70L)),
                Shape.of(9, 70)));
        subjects.add(new Subject(new PlaceSpec(F32, Shape.of(9, 70), Shape.of(9, 70), 1, 0), Shape.of(9, 70)));
        subjects.add(new Subject(new PadSpec(F32, Shape.of(9, 70), Shape.of(11, 71), List.of(1L, 1L),
                PadSpec.Mode.CONSTANT, 0), Shape.of(9, 70)));
        subjects.add(new Subject(new CumulateSpec(false, true), Shape.of(2, 9, 70)));
        subjects.add(new Subject(new ReduceSpec(ReduceSpec.Kind.MEAN), Shape.of(2, 9, 70)));
        MapSpec tanh = new MapSpec(MapFunction.TANH, 1, 1);
        subjects.add(new Subject(new RecurrentCellSpec(RecurrentCellSpec.Kind.RNN, 70, tanh, tanh, tanh,
                Float.POSITIVE_INFINITY, false, false, false), rows));
        subjects.add(new Subject(new DynamicQuantizerSpec(DynamicQuantizerSpec.Levels.FIXED_POINT, 70, 33), rows));
        subjects.add(new Subject(DynamicQuantizerSpec.bytes(70), rows));
        subjects.add(new Subject(MatMulSpec.withParamsAtRun(U8, 70, 33, WEIGHTS, Bias.NONE, Optional.empty(),
                Activation.NONE), rows));
        for (Operand operand : new Operand[] {Operand.f32(Layout.TOKENS), new Operand(U8, SRC, Layout.TOKENS)}) {
            AttentionSpec attention = new AttentionSpec(operand, operand, operand, operand, 3, 3, 24, 24, 0.2f, false,
                    false);
            subjects.add(new Subject(attention, Shape.of(2, 13, 72)));
            if (operand.type() == U8) {
                subjects.add(new Subject(attention.withProbabilities(QuantParams.perTensor(0.004f, 0)),
                        Shape.of(2, 13, 72)));
            }
        }
        for (UnarySpec spec : new UnarySpec[] {new QuantizeSpec(U8, DST, Rounding.HALF_EVEN),
            new DequantizeSpec(S8, DST), new RequantizeSpec(S32, S8, QuantParams.perTensor(0.001f, 0), DST),
            new SoftmaxSpec(), new MapSpec(MapFunction.ERF), new ActivationSpec(F32, QuantParams.IDENTITY, Activation.RELU),
            new ActivationSpec(S8, DST, Activation.RELU6), GlobalAveragePoolSpec.f32(),
            Pool2dSpec.f32(Pool2dSpec.Kind.MAX, Window.of(2, 2).stride(2)),
            new Pool2dSpec(Pool2dSpec.Kind.AVERAGE, U8, Window.of(3, 3).padding(1), false, SRC, DST)}) {
            subjects.add(new Subject(spec, image));
        }
        return subjects;
    }

    /** One check of one kernel on one backend. */
    @FunctionalInterface
    private interface Check {
        void run(Candidate candidate, Subject subject) throws Exception;
    }

    private static Stream<DynamicNode> each(Check check) {
        return Candidate.all().stream().map(candidate -> DynamicContainer.dynamicContainer(candidate.label(),
                subjects().stream()
                        .filter(subject -> candidate.registry().refusal(candidate.backend(), subject.spec).isEmpty())
                        .map(subject -> DynamicTest.dynamicTest(candidate + " " + subject.spec.name(),
                                () -> check.run(candidate, subject)))));
    }

    @TestFactory
    Stream<DynamicNode> closedKernelsAreRefused() {
        return each((candidate, subject) -> {
            try (Arena arena = Arena.ofConfined()) {
                Tensor src = subject.src(arena);
                Tensor dst = subject.dst(arena);
                Kernel kernel = subject.prepare(candidate);
                run(kernel, src, dst);
                assertTrue(kernel.describe().startsWith(candidate.backend().label() + "/"), kernel.describe());
                kernel.close();
                assertThrows(IllegalStateException.class, () -> run(kernel, src, dst));
                assertThrows(IllegalStateException.class, kernel::close);
            }
        });
    }

    @TestFactory
    Stream<DynamicNode> closedTensorsAreRefused() {
        return each((candidate, subject) -> {
            try (Arena arena = Arena.ofConfined(); Kernel kernel = subject.prepare(candidate)) {
                Tensor src = subject.src(arena);
                Tensor dst = subject.dst(arena);
                Tensor closedSrc;
                Tensor closedDst;
                try (Arena gone = Arena.ofConfined()) {
                    closedSrc = subject.src(gone);
                    closedDst = subject.dst(gone);
                }
                assertThrows(IllegalStateException.class, () -> run(kernel, closedSrc, dst));
                assertThrows(IllegalStateException.class, () -> run(kernel, src, closedDst));
                run(kernel, src, dst);
            }
        });
    }

    @TestFactory
    Stream<DynamicNode> tensorsConfinedToAnotherThreadAreRefused() {
        return each((candidate, subject) -> {
            try (Arena confined = Arena.ofConfined(); Arena shared = Arena.ofShared();
                    Kernel kernel = subject.prepare(candidate);
                    ExecutorService other = Executors.newSingleThreadExecutor()) {
                Tensor src = subject.src(shared);
                Tensor dst = subject.dst(shared);
                Tensor ownSrc = subject.src(confined);
                Tensor ownDst = subject.dst(confined);
                other.submit(() -> {
                    assertThrows(WrongThreadException.class, () -> run(kernel, ownSrc, dst));
                    assertThrows(WrongThreadException.class, () -> run(kernel, src, ownDst));
                    run(kernel, src, dst);
                }).get();
            }
        });
    }

    @TestFactory
    Stream<DynamicNode> eightThreadsGetTheSameBits() {
        return each((candidate, subject) -> {
            try (Arena arena = Arena.ofShared(); Kernel kernel = subject.prepare(candidate);
                    ExecutorService threads = Executors.newFixedThreadPool(8)) {
                Tensor src = subject.src(arena);
                Tensor alone = subject.dst(arena);
                run(kernel, src, alone);
                byte[] expected = alone.data().toArray(ValueLayout.JAVA_BYTE);
                CountDownLatch start = new CountDownLatch(8);
                List<Future<?>> done = new ArrayList<>();
                for (int thread = 0; thread < 8; thread++) {
                    Tensor dst = subject.dst(arena);
                    done.add(threads.submit(() -> {
                        start.countDown();
                        start.await();
                        for (int i = 0; i < 20; i++) {
                            dst.data().fill((byte) i);
                            run(kernel, src, dst);
                            assertArrayEquals(expected, dst.data().toArray(ValueLayout.JAVA_BYTE));
                        }
                        return Optional.empty();
                    }));
                }
                for (Future<?> future : done) {
                    future.get();
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicNode> closingDuringRunsEndsThemWithoutACrash() {
        return each((candidate, subject) -> {
            try (Arena arena = Arena.ofShared(); ExecutorService threads = Executors.newFixedThreadPool(2)) {
                Tensor src = subject.src(arena);
                Kernel kernel = subject.prepare(candidate);
                CountDownLatch running = new CountDownLatch(2);
                AtomicBoolean enough = new AtomicBoolean();
                List<Future<?>> done = new ArrayList<>();
                for (int thread = 0; thread < 2; thread++) {
                    Tensor dst = subject.dst(arena);
                    done.add(threads.submit(() -> runUntilClosed(kernel, src, dst, running, enough)));
                }
                running.await();
                for (int attempt = 0; !closes(kernel); attempt++) {
                    // Two threads may keep a kernel busy for ever.
                    enough.set(attempt > 100);
                }
                for (Future<?> future : done) {
                    future.get();
                }
            }
        });
    }

    private static void runUntilClosed(Kernel kernel, Tensor src, Tensor dst, CountDownLatch running,
            AtomicBoolean enough) {
        long end = System.nanoTime() + WARM_UP_NANOS;
        try {
            while (!enough.get()) {
                run(kernel, src, dst);
                running.countDown();
                assertTrue(System.nanoTime() < end, "still running long after close");
            }
        } catch (IllegalStateException closed) {
            assertThrows(IllegalStateException.class, () -> run(kernel, src, dst));
        }
    }

    private static boolean closes(Kernel kernel) {
        try {
            kernel.close();
            return true;
        } catch (IllegalStateException busy) {
            Thread.onSpinWait();
            return false;
        }
    }

    @TestFactory
    Stream<DynamicNode> warmKernelsAllocateNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return each((candidate, subject) -> {
            try (Arena arena = Arena.ofConfined(); Kernel kernel = subject.prepare(candidate)) {
                Tensor src = subject.src(arena);
                Tensor dst = subject.dst(arena);
                long least = Long.MAX_VALUE;
                // The compiler needs some thousand runs, and time, before it removes what the interpreter allocates.
                long end = System.nanoTime() + WARM_UP_NANOS;
                while (least > 0 && System.nanoTime() < end) {
                    long before = threads.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < 50; i++) {
                        run(kernel, src, dst);
                    }
                    least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
                }
                assertEquals(0, least, () -> "bytes in 50 runs of " + kernel.describe());
            }
        });
    }
}
