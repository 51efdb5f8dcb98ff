package io.tersor.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The README's Java programs, each compiled and run as they stand there. */
class ReadmeTest {
    private static final Path ROOT = Path.of(System.getProperty("tersor.root"));
    private static final Pattern PROGRAM = Pattern.compile("```java\\R(.*?)```", Pattern.DOTALL);
    private static final Pattern NAME = Pattern.compile("class (\\w+)");

    @TempDir
    private Path folder;

    @TestFactory
    List<DynamicTest> programsRun() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        Matcher programs = PROGRAM.matcher(Files.readString(ROOT.resolve("README.md")));
        while (programs.find()) {
            String program = programs.group(1);
            Matcher name = NAME.matcher(program);
            assertTrue(name.find(), "a program of the README has no class:\n" + program);
            tests.add(DynamicTest.dynamicTest(name.group(1), () -> run(name.group(1), program)));
        }
        assertEquals(3, tests.size(), "Java programs in the README");
        return tests;
    }

    private void run(String name, String program) throws IOException, InterruptedException {
        try (InputStream model = ReadmeTest.class.getResourceAsStream("digits/digits-cnn.onnx")) {
            Files.write(folder.resolve("digits-cnn.onnx"), model.readAllBytes());
        }
        Path source = Files.writeString(folder.resolve(name + ".java"), program);
        Path output = folder.resolve(name + ".txt");
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"), source.toString())
                .directory(folder.toFile()).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), name + " does not end");
        String printed = Files.readString(output);
        assertEquals(0, process.exitValue(), printed);
        assertTrue(printed.contains("/"), "it names the kernel that ran: " + printed);
    }
}
