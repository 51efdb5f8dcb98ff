package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tersor.model.Attributes;
import io.tersor.model.Dim;
import io.tersor.model.Graph;
import io.tersor.model.Node;
import io.tersor.model.ValueInfo;
import io.tersor.model.npy.Npy;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is wrong with the input: one line that names it, status 1, and no file left behind. */
class BadInputTest {
    @TempDir
    Path folder;

    private TinyNetwork tiny;
    private Path target;
    private Set<Path> before;

    @BeforeEach
    void write() throws IOException {
        tiny = TinyNetwork.write(folder);
        target = folder.resolve("target.out");
        before = files();
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        assertEquals(before, files());
    }

    private Set<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return new TreeSet<>(files.toList());
        }
    }

    private Path added(String name, byte[] content) throws IOException {
        Path file = Files.write(folder.resolve(name), content);
        before = files();
        return file;
    }

    private Path added(String name, Tensor tensor) throws IOException {
        Path file = folder.resolve(name);
        Npy.write(file, tensor);
        before = files();
        return file;
    }

    private Cli run(Path model, Object input) {
        return Cli.run("run", model, "--input", input, "--output", target);
    }

    private Cli compress(Path model, Path images) {
        return Cli.run("compress", model, "-o", target, "--recipe", "int8", "--calibration", images);
    }

    private Cli evaluate(Path images, Path labels) {
        return Cli.run("evaluate", tiny.model(), "--images", images, "--labels", labels);
    }

    @Test
    void truncatedModel() throws IOException {
        byte[] whole = Files.readAllBytes(tiny.model());
        for (int length : new int[] {0, 1, 10, whole.length / 2, whole.length - 1}) {
            Path cut = added("cut.onnx", Arrays.copyOf(whole, length));
            run(cut, tiny.images()).failed(cut.toString());
            compress(cut, tiny.images()).failed(cut.toString());
            Cli.run("inspect", cut).failed(cut.toString());
        }
    }

    @Test
    void missingFiles() {
        Path none = folder.resolve("none");
        run(none, tiny.images()).failed(none.toString());
        run(tiny.model(), none).failed(none.toString(), "no such file");
        compress(tiny.model(), none).failed(none.toString());
        evaluate(none, tiny.labels()).failed(none.toString());
        evaluate(tiny.images(), none).failed(none.toString());
    }

    @Test
    void unknownOperator() throws IOException {
        Path file = folder.resolve("unknown.onnx");
        Graph.builder("unknown", 17).input(ValueInfo.of("image", DataType.F32, Dim.of(1)))
                .node(Node.of("step", "Levitate", List.of("image"), List.of("y"), Attributes.NONE))
                .output(ValueInfo.of("y", DataType.F32, Dim.of(1))).build().save(file);
        before = files();
        run(file, tiny.images()).failed("Levitate", "step");
        Cli.run("inspect", file).succeeded();
    }

    @Test
    void wrongInput() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Path shape = added("shape.npy", Tensor.allocate(arena, DataType.F32, Shape.of(1, 3, 8, 8)));
            run(tiny.model(), shape).failed("image", "[n, 2, 8, 8]", "1x3x8x8");
            compress(tiny.model(), shape).failed("image", "[n, 2, 8, 8]");
            Path type = added("type.npy", Tensor.allocate(arena, DataType.F64, Shape.of(1, 2, 8, 8)));
            run(tiny.model(), type).failed("image", "f32", "f64");
        }
        run(tiny.model(), "photo=" + tiny.images()).failed("photo=");
        Cli.run("run", tiny.model(), "--output", target).failed("image");
        Cli.run("run", tiny.model(), "--input", tiny.images(), "--input", tiny.images(), "--output", target)
                .failed("--input", tiny.images().toString());
        Cli.run("run", tiny.model(), "--input", tiny.images(), "--output", "other=" + target).failed();
    }

    @Test
    void wrongNpy() throws IOException {
        byte[] whole = Files.readAllBytes(tiny.images());
        Path cut = added("cut.npy", Arrays.copyOf(whole, whole.length - 1));
        run(tiny.model(), cut).failed(cut.toString(), Integer.toString(whole.length));
        Path header = added("header.npy", new String(whole, "ISO-8859-1").replace("'<f4'", "'<c4'")
                .getBytes("ISO-8859-1"));
        run(tiny.model(), header).failed(header.toString(), "'<c4'");
        Path text = added("text.npy", "1 2 3".getBytes("ISO-8859-1"));
        evaluate(text, tiny.labels()).failed(text.toString());
        evaluate(tiny.images(), text).failed(text.toString());
    }

    @Test
    void wrongLabels() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            long[] labels = Npy.read(arena, tiny.labels()).toLongs();
            labels[5] = TinyNetwork.CLASSES;
            Path high = added("high.npy", Tensor.ofLongs(arena, Shape.of(labels.length), labels));
            evaluate(tiny.images(), high).failed("label 5", "0 to 2", "got 3");
            labels[5] = -1;
            Path low = added("low.npy", Tensor.ofLongs(arena, Shape.of(labels.length), labels));
            evaluate(tiny.images(), low).failed("label 5", "got -1");
            Path few = added("few.npy", Tensor.ofLongs(arena, Shape.of(2), 0, 1));
            evaluate(tiny.images(), few).failed("labels", "[24]");
            evaluate(tiny.images(), tiny.images()).failed("labels");
        }
    }

    @Test
    void wrongNumbers() {
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--mean", "1,2,3")
                .failed("mean", "1 or 2", "got 3");
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--std", "0")
                .failed("std");
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--mean", "x")
                .refused("--mean", "x");
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--batch", 0)
                .refused("--batch");
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--threads", 0)
                .refused("--threads");
        Cli.run("evaluate", tiny.model(), "--images", tiny.images(), "--labels", tiny.labels(), "--backend", "cuda")
                .refused("--backend", "cuda", "onednn");
    }

    @Test
    void wrongRecipes() {
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "int3", "--calibration", tiny.images())
                .failed("int3");
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "int8", "--calibration", tiny.images(),
                "--calibrator", "guess").refused("--calibrator", "guess");
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "int8:minmax", "--calibration", tiny.images(),
                "--calibrator", "minmax").refused("--calibrator");
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "sparse-int8:format=2:4")
                .refused("--calibration", "needs images");
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "prune:format=32,sparsity=0.5")
                .failed("format", "32");
        Cli.run("compress", tiny.model(), "-o", target, "--recipe", "prune:format=2:4").failed("tiny", "first+last");
        Cli.run("compress", tiny.model(), "-o", target, "--calibration", tiny.images()).refused("--recipe");
    }

    @Test
    void calibrationThatIsNotFinite() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Tensor images = Tensor.allocate(arena, DataType.F32, Shape.of(1, 2, 8, 8));
            images.set(5, Double.NaN);
            compress(tiny.model(), added("nan.npy", images)).failed("image", "NaN");
        }
    }

    @Test
    void unwritableOutputs() throws IOException {
        Path missing = folder.resolve("none").resolve("out.onnx");
        Cli.run("compress", tiny.model(), "-o", missing, "--recipe", "int8", "--calibration", tiny.images())
                .failed(missing.toString(), "no directory");
        Cli.run("run", tiny.model(), "--input", tiny.images(), "--output", missing).failed(missing.toString());
        Cli.run("run", tiny.model(), "--input", tiny.images(), "--output", folder).failed(folder.toString());
        Path locked = Files.createDirectory(folder.resolve("locked"));
        before = files();
        assumeTrue(locked.toFile().setWritable(false) && !Files.isWritable(locked),
                "skipped: this user may write everywhere");
        Cli.run("run", tiny.model(), "--input", tiny.images(), "--output", locked.resolve("x")).failed("locked");
        assertFalse(Files.exists(locked.resolve("x")));
    }
}
