package io.tersor.ffm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibraryTest {
    private static final NativeBundle BUNDLE = new NativeBundle("sample", List.of("no/libsample.so"), "group:sample");

    @TempDir
    private Path temporary;

    /** Loads oneDNN's files by the bundle that is given on the command line and prints where they were taken from. */
    static final class Loader {
        private Loader() {
        }

        public static void main(String[] resources) {
            NativeLibrary library = NativeLibrary.load(new NativeBundle("onednn", List.of(resources), "oneDNN"));
            System.out.println(library.require("dnnl_version").address() != 0 ? "loaded " + library.file() : "nothing");
        }
    }

    private static String[] onednn() {
        NativePlatform platform = NativePlatform.current();
        String base = "org/bytedeco/dnnl/" + platform + "/";
        assumeTrue(NativeLibraryTest.class.getClassLoader().getResource(base + "libdnnl.so.3") != null,
                "no oneDNN for " + platform + " on the class path");
        return new String[] {base + "libgomp.so.1", base + "libdnnl.so.3"};
    }

    @AfterEach
    void forgetProperties() {
        System.clearProperty("tersor.sample.library");
        System.clearProperty(NativeLibrary.HIDDEN_PROPERTY);
    }

    private static String failure(NativeBundle bundle) {
        return assertThrows(NativeLibraryException.class, () -> NativeLibrary.load(bundle)).getMessage();
    }

    private String failureOf(byte[] content) throws IOException {
        Path file = Files.write(temporary.resolve("libsample.so"), content);
        System.setProperty("tersor.sample.library", file.toString());
        return failure(BUNDLE);
    }

    private static byte[] someLibrary() throws IOException {
        assumeTrue(NativePlatform.current().usesElf(), "libraries are not ELF files here");
        return Files.readAllBytes(Path.of(System.getProperty("java.home"), "lib", "libzip.so"));
    }

    @Test
    void refusesAnotherMachine() throws IOException {
        byte[] library = someLibrary();
        String expected = NativePlatform.current().arch();
        library[18] = (byte) (expected.equals("x86_64") ? 183 : 62);
        String actual = expected.equals("x86_64") ? "arm64" : "x86_64";
        assertTrue(failureOf(library).endsWith("is for another machine: expected " + expected + ", got " + actual));
        library[4] = 1;
        assertTrue(failureOf(library).endsWith("got 32-bit or big-endian"));
    }

    @Test
    void refusesTruncatedFiles() throws IOException {
        byte[] library = someLibrary();
        for (int bytes : new int[] {64, 100, 4096, library.length / 2, library.length - 1}) {
            String message = failureOf(Arrays.copyOf(library, bytes));
            assertTrue(message.contains("is damaged: expected at least ") && message.endsWith("got " + bytes), message);
        }
        assertTrue(failureOf(new byte[0]).endsWith("(no ELF header)"));
        assertTrue(failureOf(Arrays.copyOf(library, 63)).endsWith("(no ELF header)"));
    }

    @Test
    void refusesHeadersThatOverflow() throws IOException {
        for (int field : new int[] {32, 40}) {
            byte[] library = someLibrary();
            library[field + 7] = 0x7F;
            assertTrue(failureOf(library).contains("is damaged"));
        }
    }

    @Test
    void refusesPrograms() throws IOException {
        byte[] library = someLibrary();
        library[16] = 2;
        assertTrue(failureOf(library).endsWith("not a shared library"));
        assertTrue(failureOf("#!/bin/sh\n".repeat(20).getBytes()).endsWith("(no ELF header)"));
    }

    @Test
    void namesAMissingFile() {
        System.setProperty("tersor.sample.library", temporary.resolve("none.so").toString());
        assertEquals("sample: no file " + temporary.resolve("none.so") + ", named by -Dtersor.sample.library",
                failure(BUNDLE));
    }

    @Test
    void hidesLibraries() {
        for (String value : List.of("true", "sample", "other, sample")) {
            System.setProperty(NativeLibrary.HIDDEN_PROPERTY, value);
            assertEquals("sample: hidden by -Dtersor.native.hidden=" + value, failure(BUNDLE));
        }
        System.setProperty(NativeLibrary.HIDDEN_PROPERTY, "other");
        assertTrue(failure(BUNDLE).contains("no no/libsample.so on the class path"));
    }

    @Test
    void twoProcessesShareAnEmptyCache() throws IOException, InterruptedException {
        List<String> options = List.of("-Dtersor.cache=" + temporary);
        List<JavaProcess> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(JavaProcess.start(List.of(), options, Loader.class, onednn()));
        }
        for (JavaProcess process : processes) {
            JavaProcess.Result result = process.result();
            assertEquals(0, result.status(), result.output());
            assertTrue(result.output().contains("loaded " + temporary), result.output());
        }
        try (var directories = Files.list(temporary); var files = Files.walk(temporary)) {
            assertEquals(1, directories.count());
            assertEquals(Set.of("libgomp.so.1", "libdnnl.so.3"), Set.copyOf(files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString()).toList()));
        }
    }

    @Test
    void leavesANoexecDirectoryForAnother() throws IOException, InterruptedException {
        Path mounted = Files.createDirectory(temporary.resolve("mounted"));
        List<String> prefix = List.of("unshare", "--mount", "sh", "-c",
                "mount -t tmpfs -o noexec tmpfs '" + mounted + "' && exec \"$@\"", "sh");
        assumeTrue(run(List.of("unshare", "--mount", "mount", "-t", "tmpfs", "-o", "noexec", "tmpfs",
                mounted.toString())), "no right to mount a noexec file system; only its recognition is tested");
        JavaProcess.Result result = JavaProcess.start(prefix, List.of("-Dtersor.cache=" + mounted,
                "-Duser.home=" + temporary.resolve("home")), Loader.class, onednn()).result();
        assertEquals(0, result.status(), result.output());
        assertTrue(result.output().contains(mounted + " is on a file system mounted noexec"), result.output());
        assertTrue(result.output().contains("loaded "), result.output());
        assertTrue(!result.output().contains("loaded " + mounted), result.output());
    }

    private static boolean run(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
