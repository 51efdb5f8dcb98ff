package io.tersor.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Libraries are loaded once in a process, so each case runs in a JVM of its own. */
@EnabledOnOs(OS.LINUX)
class NativeLibraryOrderTest {
    private static final short ELF_ARM64 = 183;
    private static final short ELF_X86_64 = 62;

    @TempDir
    Path folder;

    private TinyNetwork tiny;

    @BeforeEach
    void write() {
        tiny = TinyNetwork.write(folder);
    }

    private Cli fork(List<String> jvm, Object... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Path out = folder.resolve("stdout");
        Path err = folder.resolve("stderr");
        int status = new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile()).start()
                .waitFor();
        return new Cli(status, Files.readString(out), Files.readString(err));
    }

    private Cli evaluate(List<String> jvm, Object... more) throws IOException, InterruptedException {
        List<Object> arguments = new ArrayList<>(List.of("evaluate", tiny.model(), "--images", tiny.images(), "--labels",
                tiny.labels(), "--json"));
        arguments.addAll(List.of(more));
        return fork(jvm, arguments.toArray());
    }

    /** Writes the head of a shared library for another machine than this one. */
    private Path foreign() throws IOException {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        ByteBuffer elf = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putInt(0x464C457F).put((byte) 2)
                .put((byte) 1).put((byte) 1).position(16).putShort((short) 3).putShort(arm ? ELF_X86_64 : ELF_ARM64);
        return Files.write(folder.resolve("foreign.so"), elf.array());
    }

    @Test
    void wrongLibrariesAreNamed() throws IOException, InterruptedException {
        Path text = Files.writeString(folder.resolve("text.so"), "not a library");
        evaluate(List.of("-Dtersor.onednn.library=" + text)).failed("onednn", text.toString());
        Path foreign = foreign();
        evaluate(List.of("-Dtersor.libtersor.library=" + foreign), "--backend", "native")
                .failed("native", foreign.toString(), "another machine");
        Path none = folder.resolve("none.so");
        evaluate(List.of("-Dtersor.onednn.library=" + none), "--backend", "onednn").failed(none.toString());
    }

    @Test
    void withoutNativeLibrariesAndVectorModuleTheAnswersAreTheSame() throws IOException, InterruptedException {
        Cli run = evaluate(List.of("-Dtersor.native.hidden=true"));
        assertEquals(1.0, run.json().get("top1").asDouble());
        assertTrue(run.out().contains("scalar/"), run.out());
        assertTrue(run.err().contains("--add-modules jdk.incubator.vector"), run.err());
        evaluate(List.of("-Dtersor.native.hidden=true"), "--backend", "onednn").failed("onednn", "hidden");
        evaluate(List.of("-Dtersor.native.hidden=true"), "--backend", "vector").failed("vector", "--add-modules");
    }
}
