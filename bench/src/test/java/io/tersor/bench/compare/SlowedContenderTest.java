package io.tersor.bench.compare;

import static io.tersor.bench.CommandLine.tersor;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tersor.bench.CommandLine.Outcome;
import io.tersor.bench.measure.Contender;
import io.tersor.bench.measure.VerificationException;
import io.tersor.bench.measure.WarmUp;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Merge;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.SampleResults;
import io.tersor.bench.results.WorkloadName;
import io.tersor.bench.suite.Entrant;
import io.tersor.bench.suite.Lineup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From contenders whose times are known, measured in pretended JVMs, to the exit status of {@code bench compare}. */
class SlowedContenderTest {
    private static final int FORKS = 3;
    private static final int WORKLOADS = 10;
    private static final double NANOS = 50_000;
    /** How much a JVM differs from the next, and a run from the next. */
    private static final double OF_FORKS = 0.01;
    private static final double OF_RUNS = 0.05;
    private static final ContenderName OWN = new ContenderName("native", true, "u8s8u8", 1);
    private static final ContenderName PEER = new ContenderName("onednn-c", false, "u8s8u8", 1);
    private static final String SLOWED = "gemm / case 3 / native u8s8u8 x1";

    @TempDir
    private Path folder;

    /** A contender whose clock is known: each run takes the same time, but for some noise. */
    private record Stub(String name, double nanos, SplittableRandom random) implements Contender {
        @Override
        public String kernel() {
            return name + "/stub";
        }

        @Override
        public boolean isSlowToCompile() {
            return false;
        }

        @Override
        public long time(int runs) {
            return (long) (runs * nanos * Math.exp(OF_RUNS * Math.abs(random.nextGaussian())));
        }

        @Override
        public void close() {}
    }

    /** How one run differs from others: by seed, the own and the peer's work in {@link #SLOWED}, the whole machine. */
    private record Variant(long seed, int ownWork, int peerWork, double machine) {}

    /** Returns the file of a run in several JVMs. */
    private Path measure(String name, Variant variant) {
        SplittableRandom random = new SplittableRandom(variant.seed);
        List<List<Row>> forks = new ArrayList<>();
        for (int fork = 0; fork < FORKS; fork++) {
            forks.add(IntStream.range(0, WORKLOADS).boxed().flatMap(i -> lineUp(i, variant, random)).toList());
        }
        Path file = folder.resolve(name + ".json");
        SampleResults.of(Merge.rows(forks, List.of())).write(file);
        return file;
    }

    private static Stream<Row> lineUp(int workload, Variant variant, SplittableRandom random) {
        boolean slowed = workload == 3;
        try (Lineup lineup = new Lineup(new WorkloadName("gemm", "case " + workload, Map.of()))) {
            lineup.add(OWN, () -> entrant("native", NANOS * variant.machine * (slowed ? variant.ownWork : 1), random));
            lineup.add(PEER, () -> entrant("onednn-c", 1.2 * NANOS * variant.machine * (slowed ? variant.peerWork : 1),
                    random));
            return lineup.measure(new WarmUp(1e-5), 0.005).stream();
        }
    }

    private static Entrant entrant(String name, double nanos, SplittableRandom random) {
        return Entrant.of(new Stub(name, nanos * Math.exp(OF_FORKS * random.nextGaussian()), random.split()));
    }

    private Outcome compare(Variant a, Variant b, String by) {
        return tersor("bench", "compare", measure("a", a).toString(), measure("b", b).toString(), "--by", by);
    }

    private static void regression(Outcome outcome, String name) {
        assertEquals(1, outcome.status(), outcome.out() + outcome.err());
        assertTrue(outcome.out().lines().anyMatch(line -> line.startsWith(name) && line.contains("slower")
                && line.endsWith("yes")), outcome.out());
        assertTrue(outcome.out().contains("1 regression:"), "no other: " + outcome.out());
    }

    @Test
    void theSameTwiceAgrees() {
        for (String by : List.of("time", "peer")) {
            Outcome outcome = compare(new Variant(1, 1, 1, 1), new Variant(2, 1, 1, 1), by).succeeded();
            int figures = by.equals("time") ? 2 * WORKLOADS : WORKLOADS;
            assertTrue(outcome.out().matches("(?s).*agree on (9[0-9]|100)\\.\\d % of " + figures + " .*"),
                    outcome.out());
        }
    }

    @Test
    void workDoneTwiceIsFound() {
        Variant slowed = new Variant(2, 2, 1, 1);
        regression(compare(new Variant(1, 1, 1, 1), slowed, "time"), SLOWED + " ");
        regression(compare(new Variant(1, 1, 1, 1), slowed, "peer"), SLOWED + " over onednn-c u8s8u8 x1");
        compare(slowed, new Variant(1, 1, 1, 1), "peer").succeeded();
    }

    @Test
    void aSlowerMachineIsNoSlowerLibrary() {
        Variant slowDay = new Variant(2, 1, 1, 1.5);
        assertEquals(1, compare(new Variant(1, 1, 1, 1), slowDay, "time").status());
        compare(new Variant(1, 1, 1, 1), slowDay, "peer").succeeded();
        regression(compare(new Variant(1, 1, 1, 1), new Variant(2, 2, 1, 0.5), "peer"), SLOWED);
        Outcome fasterPeer = compare(new Variant(1, 1, 2, 1), new Variant(2, 1, 1, 1), "peer");
        regression(fasterPeer, SLOWED);
    }

    @Test
    void aWrongResultIsRefusedAndFound() {
        Path right = measure("right", new Variant(1, 1, 1, 1));
        List<List<Row>> forks = new ArrayList<>();
        for (int fork = 0; fork < FORKS; fork++) {
            boolean wrong = fork == 1;
            SplittableRandom random = new SplittableRandom(fork);
            try (Lineup lineup = new Lineup(new WorkloadName("gemm", "case 3", Map.of()))) {
                lineup.add(OWN, () -> {
                    if (wrong) {
                        throw new VerificationException("entry 7 is 3, not 4");
                    }
                    return entrant("native", NANOS, random);
                });
                lineup.add(PEER, () -> entrant("onednn-c", NANOS, random));
                forks.add(lineup.measure(new WarmUp(1e-5), 0.005));
            }
        }
        Row row = Merge.rows(forks, List.of()).stream().filter(some -> some.contender().equals(OWN)).findFirst()
                .orElseThrow();
        assertEquals(Row.Status.WRONG, row.status());
        assertTrue(row.reason().orElseThrow().contains("entry 7 is 3, not 4"), row.toString());
        assertTrue(row.micros().isEmpty() && row.speeds().isEmpty(), row.toString());
        Path broken = folder.resolve("broken.json");
        SampleResults.of(Merge.rows(forks, List.of())).write(broken);
        for (String by : List.of("time", "peer")) {
            Outcome outcome = tersor("bench", "compare", right.toString(), broken.toString(), "--by", by);
            assertEquals(1, outcome.status(), outcome.err());
            assertTrue(outcome.out().lines().anyMatch(line -> line.startsWith(SLOWED) && line.contains("wrong: ")
                    && line.contains("entry 7 is 3, not 4") && line.endsWith("yes")), outcome.out());
        }
    }
}
