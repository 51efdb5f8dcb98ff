package io.tersor.contract;

import static org.junit.jupiter.api.Assertions.fail;

import io.tersor.OperandException;
import io.tersor.UnsupportedKernelException;
import io.tersor.kernel.Parallelism;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/**
 * Runs cases on every candidate, with operands at the end and at the beginning of their pages. A failure prints one
 * line that says how to run its case alone; a crash finds the same line in the JVM's error file as the thread's name.
 */
final class ContractSuite {
    /** System property that selects one case by its id. */
    private static final String ONLY = "tersor.test.case";

    private static final int PRINTED_FAILURES = 10;

    private ContractSuite() {}

    /** Returns one test for each candidate and group of cases. */
    static Stream<DynamicNode> of(Class<?> suite, List<? extends ContractCase> cases) {
        String only = System.getProperty(ONLY, "");
        Map<String, List<ContractCase>> groups = cases.stream().filter(c -> only.isEmpty() || only.equals(c.id()))
                .collect(Collectors.groupingBy(ContractCase::group, TreeMap::new, Collectors.toList()));
        return Candidate.all().stream().map(candidate -> DynamicContainer.dynamicContainer(candidate.label(),
                groups.entrySet().stream().map(group -> DynamicTest.dynamicTest(
                        candidate.label() + " " + group.getKey(), () -> run(suite, candidate, group.getValue())))));
    }

    private static void run(Class<?> suite, Candidate candidate, List<ContractCase> cases) {
        List<String> failures = new ArrayList<>();
        int threads = cases.stream().mapToInt(ContractCase::threads).max().orElse(1);
        try (Parallelism pool = Parallelism.of(threads)) {
            for (ContractCase one : cases) {
                Optional<String> refusal = candidate.registry().refusal(candidate.backend(), one.spec());
                if (refusal.isEmpty()) {
                    run(suite, candidate, one, one.threads() == 1 ? Parallelism.SINGLE : pool, failures);
                } else if (Requirements.mustRun(candidate, one.spec())) {
                    failures.add(candidate + " must run " + one.spec() + " and refuses: " + refusal.get());
                }
            }
        }
        if (!failures.isEmpty()) {
            String more = failures.size() > PRINTED_FAILURES ? "\n... " + failures.size() + " in all" : "";
            fail(failures.stream().limit(PRINTED_FAILURES).collect(Collectors.joining("\n", "\n", more)));
        }
    }

    private static void run(Class<?> suite, Candidate candidate, ContractCase one, Parallelism parallelism,
            List<String> failures) {
        for (GuardedArena.Placement placement : GuardedArena.Placement.values()) {
            String line = candidate + " " + one.id() + " at " + placement + ", " + parallelism + ": "
                    + one.spec() + "; " + one.operands() + " [-Dtest=" + suite.getSimpleName() + " -D" + ONLY + "="
                    + one.id() + "]";
            String name = Thread.currentThread().getName();
            Thread.currentThread().setName(line);
            try (GuardedArena arena = new GuardedArena(placement)) {
                one.run(candidate, arena, parallelism);
                arena.checkCanaries();
            } catch (OperandException | UnsupportedKernelException refusal) {
                if (!one.mayBeRefusedLate(candidate)) {
                    failures.add(refusal + " <- " + line);
                }
            } catch (RuntimeException | AssertionError failure) {
                failures.add(failure + " <- " + line);
            } finally {
                Thread.currentThread().setName(name);
            }
        }
    }
}
