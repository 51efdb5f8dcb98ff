package io.tersor.bench.suite;

import io.tersor.bench.results.Row;
import java.util.List;

/** Workloads of one kind, measured in one JVM. */
public interface Suite {
    /** Returns its name: that of its part in a plan, and of the suite in rows. */
    String name();

    /** Returns what to measure, one after the other; nothing where the plan has no such part. */
    List<Step> steps(Plan plan);

    /** One workload with its contenders. */
    interface Step {
        /** Returns the workload's name, for the progress bar. */
        String name();

        /** Prepares, verifies and times all contenders; returns a row for each. */
        List<Row> measure(SuiteTools tools);
    }
}
