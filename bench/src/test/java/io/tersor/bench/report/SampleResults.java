package io.tersor.bench.report;

import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Limit;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import io.tersor.bench.results.WorkloadName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/** Results as a run of the suites could have: figures near real ones, always the same. */
final class SampleResults {
    /** A name that would break a page that does not escape. */
    static final String HOSTILE = "<script>alert(1)</script> & \"quoted\" 'name'";

    private static final int FORKS = 3;
    private static final double NOISE = 0.015;
    private static final double VNNI = 1.95e12;
    private static final double F32 = 0.485e12;

    private final Random random = new Random(1);
    private final List<Row> rows = new ArrayList<>();

    private SampleResults() {}

    /** A contender with the factor of its time. */
    private record Entry(ContenderName name, double factor, String kernel, Optional<String> limit) {}

    static Results full() {
        SampleResults sample = new SampleResults();
        sample.gemm(false);
        sample.gemm(true);
        sample.conv();
        sample.sparse();
        sample.networks();
        sample.costs();
        sample.failures();
        return results(sample.rows);
    }

    /** Returns results of the sample's machine with other rows. */
    static Results results(List<Row> rows) {
        return new Results(Results.SCHEMA,
                new Run("2026-11-25T12:00:00Z", 512, "quick", FORKS, Optional.of("21889a5c0ffee"), false),
                new Machine("AMD EPYC 9R45 <shared>", 2, "avx512_bf16", 24L << 30, 32L << 20, "Linux 6.1 amd64",
                        "OpenJDK 64-Bit Server VM 25.0.1"),
                Map.of("tersor", "0.1.0-SNAPSHOT", "onednn", "3.11.0", "onnxruntime", "1.29.0", "openblas", "0.3.30"),
                List.of(new Limit("avx512_vnni", 1, Limit.OPERATIONS, VNNI),
                        new Limit("avx512_vnni", 2, Limit.OPERATIONS, 1.97 * VNNI),
                        new Limit("avx512_f32", 1, Limit.OPERATIONS, F32),
                        new Limit("avx512_f32", 2, Limit.OPERATIONS, 1.97 * F32),
                        new Limit("avx2_f32", 1, Limit.OPERATIONS, F32 / 2),
                        new Limit(Limit.READ, 1, Limit.BYTES, 28e9), new Limit(Limit.READ, 2, Limit.BYTES, 44e9)),
                rows);
    }

    /** Returns a measured row with the same figures in every JVM. */
    static Row row(WorkloadName workload, ContenderName contender, double micros, Map<String, Double> speeds) {
        Map<String, Estimate> estimates = new LinkedHashMap<>();
        speeds.forEach((other, speed) -> estimates.put(other, Estimate.of(List.of(speed, speed, speed))));
        return new Row(workload, contender, Row.Status.MEASURED, Optional.empty(), Optional.of("kernel"),
                Optional.empty(), 0, 0, Optional.of(Estimate.of(List.of(micros, micros, micros))), estimates,
                Optional.empty(), Map.of());
    }

    static ContenderName ours(String name, String types, int threads) {
        return new ContenderName(name, true, types, threads);
    }

    static ContenderName peer(String name, String types, int threads) {
        return new ContenderName(name, false, types, threads);
    }

    private Estimate noisy(double value) {
        return Estimate.of(IntStream.range(0, FORKS)
                .mapToObj(_ -> value * Math.exp(NOISE * random.nextGaussian())).toList());
    }

    private double between(double low, double high) {
        return low + (high - low) * random.nextDouble();
    }

    private static Entry entry(ContenderName name, double factor) {
        boolean isInt8 = !name.types().startsWith("f32") && !name.types().startsWith("FP32");
        return new Entry(name, factor, name.name() + (isInt8 ? "/u8s8_gemm_12x32__avx512_vnni"
                : "/f32_gemm_12x32__avx512f"), Optional.of(isInt8 ? "avx512_vnni" : "avx512_f32"));
    }

    private void add(WorkloadName workload, double micros, double operations, double bytes, List<Entry> entries) {
        for (Entry entry : entries) {
            Map<String, Estimate> speeds = new LinkedHashMap<>();
            for (Entry other : entries) {
                if (entry.name().own() && other != entry) {
                    speeds.put(other.name().id(), noisy(other.factor() / entry.factor()));
                }
            }
            double rate = entry.limit().map(limit -> limit.equals("avx512_f32") ? F32 : VNNI).orElse(VNNI)
                    * entry.name().threads();
            double time = micros * entry.factor();
            rows.add(new Row(workload, entry.name(), Row.Status.MEASURED, Optional.empty(),
                    Optional.of(entry.kernel()), Optional.of("avx512_vnni"), operations, bytes,
                    Optional.of(noisy(time)), speeds, entry.limit().filter(_ -> operations > 0)
                            .map(limit -> new Row.Share(limit, operations / (time * 1e-6 * rate))), Map.of()));
        }
    }

    private void gemm(boolean cold) {
        int[][] shapes = cold ? new int[][] {{1, 4096, 4096}, {4, 4096, 11008}}
                : new int[][] {{128, 768, 768}, {128, 768, 3072}, {128, 3072, 768}, {384, 768, 768},
                    {1, 4096, 4096}, {256, 256, 256}, {1024, 1024, 1024}, {1000, 1, 1000}, {17, 33, 65}};
        for (int[] mkn : shapes) {
            double operations = 2.0 * mkn[0] * mkn[1] * mkn[2];
            double bytes = (double) mkn[0] * mkn[1] + (double) mkn[1] * mkn[2] + (double) mkn[0] * mkn[2];
            Map<String, Object> parameters = new LinkedHashMap<>();
            parameters.put("m", mkn[0]);
            parameters.put("k", mkn[1]);
            parameters.put("n", mkn[2]);
            parameters.put("cold", cold);
            double micros = Math.max(operations / (0.85 * VNNI), bytes / (cold ? 28e9 : 90e9)) * 1e6 + 0.3;
            List<Entry> entries = new ArrayList<>();
            for (int threads = 1; threads <= 2; threads++) {
                double share = threads == 1 ? 1 : 1 / between(1.4, 1.95);
                double f32 = between(2.2, 4.0);
                entries.add(entry(ours("auto", "u8s8u8", threads), share));
                entries.add(entry(ours("native", "u8s8u8", threads), share * between(1, 1.03)));
                entries.add(entry(ours("vector", "u8s8u8", threads), share * between(2, 3.5)));
                entries.add(entry(peer("onednn-c", "u8s8u8", threads), share * between(0.97, 1.6)));
                entries.add(entry(ours("auto", "f32", threads), share * f32));
                entries.add(entry(ours("vector", "f32", threads), share * f32 * between(1, 1.2)));
                entries.add(entry(peer("onednn-c", "f32", threads), share * f32 * between(0.9, 1.2)));
                entries.add(entry(peer("openblas", "f32", threads), share * f32 * between(0.9, 1.3)));
                entries.add(entry(peer("onnxruntime", "u8s8u8", threads), share * between(1.1, 1.6)));
                entries.add(entry(peer("onnxruntime", "f32", threads), share * f32 * between(0.9, 1.3)));
            }
            add(new WorkloadName("gemm", mkn[0] + "x" + mkn[1] + "x" + mkn[2] + (cold ? " cold" : ""), parameters),
                    micros, operations, bytes, entries);
        }
    }

    private void conv() {
        Object[][] shapes = {{"64x56x56 64 1x1", 64, 56, 64, 1}, {"64x56x56 64 3x3 p1", 64, 56, 64, 3},
            {"256x14x14 256 3x3 p1", 256, 14, 256, 3}, {"512x7x7 2048 1x1", 512, 7, 2048, 1}};
        for (Object[] shape : shapes) {
            int ic = (int) shape[1];
            int size = (int) shape[2];
            int oc = (int) shape[3];
            int kernel = (int) shape[4];
            double operations = 2.0 * size * size * oc * ic * kernel * kernel;
            double bytes = (double) size * size * (ic + oc) + (double) ic * oc * kernel * kernel;
            double f32 = between(3, 4);
            add(new WorkloadName("conv", (String) shape[0], Map.of("ic", ic, "ih", size, "oc", oc, "kh", kernel,
                    "count", 3)), operations / (0.75 * VNNI) * 1e6, operations, bytes,
                    List.of(entry(ours("auto", "u8s8u8", 1), 1), entry(peer("onednn-c", "u8s8u8", 1), between(1, 1.4)),
                            entry(ours("auto", "f32", 1), f32), entry(peer("onednn-c", "f32", 1), f32 * 0.97)));
        }
    }

    private void sparse() {
        Map<String, Double> atNone = Map.of("32x4", 0.95, "1x4", 0.42, "csr", 0.3);
        for (String shape : List.of("512x14x14 512 3x3 p1", "256x14x14 256 3x3 p1")) {
            double operations = 2.0 * 196 * (shape.startsWith("5") ? 512 * 512 : 256 * 256) * 9;
            for (String format : List.of("32x4", "1x4", "csr")) {
                for (double sparsity : new double[] {0, 0.5, 0.7, 0.8, 0.9, 0.95}) {
                    double speed = atNone.get(format) / (1 - 0.95 * sparsity) * between(0.95, 1.05);
                    add(new WorkloadName("sparse", shape + " " + format + " " + Math.round(100 * sparsity) + " %",
                            Map.of("ic", shape.startsWith("5") ? 512 : 256, "kh", 3, "format", format, "sparsity",
                                    sparsity)),
                            operations / (0.75 * VNNI) * 1e6, operations * (1 - sparsity), operations / 400,
                            List.of(entry(ours("native", "u8s8u8", 1), 1), entry(peer("onednn", "u8s8u8", 1), 1.15),
                                    entry(ours("native/" + format, "u8s8u8", 1), 1 / speed)));
                }
            }
        }
    }

    private void networks() {
        Map<String, Double> millis = new LinkedHashMap<>();
        millis.put("resnet50", 12.6);
        millis.put("mobilenet-v2", 1.9);
        millis.put("bert-base-128", 14.8);
        millis.forEach((network, time) -> {
            List<Entry> entries = new ArrayList<>();
            for (int threads = 1; threads <= 2; threads++) {
                double share = threads == 1 ? 1 : 1 / between(1.6, 1.9);
                double f32 = between(2.8, 3.8);
                entries.add(entry(ours("auto", "INT8", threads), share));
                entries.add(entry(ours("auto", "FP32", threads), share * f32));
                entries.add(entry(ours("auto", "INT8 80% 32x4", threads), share / 3));
                entries.add(entry(ours("vector", "INT8", threads), share * 3.9));
                entries.add(entry(ours("vector", "FP32", threads), share * 4.9));
                entries.add(entry(peer("onednn", "INT8", threads), share * between(1.02, 1.3)));
                entries.add(entry(peer("onnxruntime", "INT8", threads), share * between(1.1, 1.4)));
                entries.add(entry(peer("onnxruntime", "FP32", threads), share * f32 * between(0.95, 1.0)));
            }
            add(new WorkloadName("networks", network, Map.of("network", network, "batch", 1)), time * 1e3,
                    time * 1e-3 * 0.7 * VNNI, time * 1e9 / 400, entries);
        });
    }

    private void costs() {
        add(new WorkloadName("calls", "1x16x16 product", Map.of()), 0.09, 0, 0, List.of(
                entry(ours("native", "u8s8u8", 1), 1), entry(ours("vector", "u8s8u8", 1), 0.8),
                entry(peer("onednn", "u8s8u8", 1), 4)));
        add(new WorkloadName("preparation", "768x3072", Map.of("k", 768, "n", 3072)), 900, 0, 0, List.of(
                entry(ours("native", "u8s8u8", 1), 1), entry(peer("onednn", "u8s8u8", 1), 1.4)));
        add(new WorkloadName("preparation", "resnet50", Map.of("network", "resnet50")), 180_000, 0, 0, List.of(
                entry(ours("auto", "INT8", 1), 1), entry(peer("onnxruntime", "INT8", 1), 1.9)));
    }

    private void failures() {
        rows.add(Row.without(new WorkloadName("gemm", HOSTILE, Map.of("m", 7, "k", 7, "n", 7)),
                ours("native", "u8s8u8", 1), Row.Status.WRONG, "dst [3, 4]: expected 17, got 18 <&>"));
        rows.add(Row.without(new WorkloadName("gemm", "17x33x65", Map.of("m", 17, "k", 33, "n", 65)),
                peer("openblas", "u8s8u8", 1), Row.Status.UNSUPPORTED, "openblas has no INT8 products"));
    }
}
