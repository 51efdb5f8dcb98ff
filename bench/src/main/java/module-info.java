/** Workloads, JMH suites and reports; adds {@code bench} and {@code demo} to the command. */
module io.tersor.bench {
    requires transitive io.tersor.cli;
    requires com.microsoft.onnxruntime;
    requires com.samskivert.jmustache;
    requires commons.math3;
    requires java.desktop;
    requires java.management;
    requires jdk.management;
    requires jmh.core;
    requires tools.jackson.databind;
    requires xchart;

    exports io.tersor.bench;
    exports io.tersor.bench.measure;
    exports io.tersor.bench.networks;
    exports io.tersor.bench.results;

    opens io.tersor.bench to info.picocli;
    opens io.tersor.bench.compare to info.picocli, tools.jackson.databind;
    opens io.tersor.bench.conv to info.picocli;
    opens io.tersor.bench.gemm to info.picocli;
    opens io.tersor.bench.jmh to info.picocli;
    opens io.tersor.bench.product to info.picocli;
    opens io.tersor.bench.report to com.samskivert.jmustache, info.picocli;
    opens io.tersor.bench.results to tools.jackson.databind;
    opens io.tersor.bench.sparse to info.picocli;
    opens io.tersor.bench.suite to info.picocli, tools.jackson.databind;

    provides io.tersor.cli.Subcommand with io.tersor.bench.BenchCommand, io.tersor.bench.DemoCommand;
}
