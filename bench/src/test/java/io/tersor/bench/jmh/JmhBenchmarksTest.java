package io.tersor.bench.jmh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class JmhBenchmarksTest {
    private static final double MINUTE = 60;

    private static double seconds(boolean quick) {
        return JmhBenchmarks.ALL.stream().mapToDouble(benchmark -> JmhBenchmarks.seconds(benchmark, quick)).sum();
    }

    @Test
    void quickOnesEndWithinTenMinutesAndAllWithinAnHour() {
        assertTrue(seconds(true) <= 10 * MINUTE, seconds(true) + " seconds");
        assertTrue(seconds(false) <= 60 * MINUTE, seconds(false) + " seconds");
    }

    @Test
    void combinationsAreThoseOfTheAnnotations() {
        assertEquals(3 * 2 * 4, JmhBenchmarks.combinations(GemmBenchmark.class, false));
        assertEquals(2 * 4, JmhBenchmarks.combinations(GemmBenchmark.class, true));
        assertEquals(2 * 3 * 2, JmhBenchmarks.combinations(SparseBenchmark.class, false));
    }

    @Test
    void noBenchmarkIsForgotten() throws IOException {
        Set<String> sources = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of(System.getProperty("tersor.root"),
                "bench/src/main/java/io/tersor/bench/jmh"), "*Benchmark.java")) {
            files.forEach(file -> sources.add(file.getFileName().toString().replace(".java", "")));
        }
        sources.remove(WorkloadBenchmark.class.getSimpleName());
        assertEquals(sources, JmhBenchmarks.ALL.stream().map(Class::getSimpleName)
                .collect(Collectors.toCollection(TreeSet::new)));
        try (InputStream list = JmhBenchmarks.class.getResourceAsStream("/META-INF/BenchmarkList")) {
            String generated = new String(list.readAllBytes(), StandardCharsets.UTF_8);
            sources.forEach(name -> assertTrue(generated.contains(".jmh." + name + " "), name));
        }
    }

    @Test
    void commandListsAndNamesWhatIsWrong() {
        String all = CommandLine.tersor("bench", "jmh", "Gemm", "Conv", "--", "-l").succeeded().out();
        assertTrue(all.contains("GemmBenchmark: 24 combinations") && !all.contains("NetworkBenchmark"), all);
        CommandLine.tersor("bench", "jmh", "Nothing").failed(2, "REGEX", "Nothing");
        CommandLine.tersor("bench", "jmh", "--", "-bogus").failed(2, "JMH");
    }
}
