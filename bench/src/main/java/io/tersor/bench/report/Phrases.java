package io.tersor.bench.report;

import io.tersor.bench.measure.Figures;
import io.tersor.bench.results.ContenderName;
import io.tersor.bench.results.Estimate;
import io.tersor.bench.results.Limit;
import java.util.Locale;

/** Figures and names as sentences and tables have them. */
final class Phrases {
    private Phrases() {}

    /** Returns a number of three significant digits, or more before the point. */
    static String number(double value) {
        String format = Math.abs(value) < 10 ? "%.2f" : Math.abs(value) < 100 ? "%.1f" : "%.0f";
        return String.format(Locale.ROOT, format, value);
    }

    /** Returns {@code 1.21 x}. */
    static String ratio(double value) {
        return number(value) + " x";
    }

    /** Returns {@code 1.21 x (1.18 to 1.24)}; without the interval where there was one JVM. */
    static String ratio(Estimate ratio) {
        return ratio.forks().size() < Estimate.MIN_FORKS ? ratio(ratio.value())
                : ratio(ratio.value()) + " (" + interval(ratio) + ")";
    }

    /** Returns {@code 1.18 to 1.24}. */
    static String interval(Estimate ratio) {
        return number(ratio.low()) + " to " + number(ratio.high());
    }

    /** Returns the interval of a time. */
    static String timeInterval(Estimate micros) {
        return Figures.time(micros.low()) + " to " + Figures.time(micros.high());
    }

    /** Returns {@code 73 %}. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }

    /** Returns a rate of a limit in the unit that suits it. */
    static String rate(Limit limit) {
        return limit.unit().equals(Limit.BYTES) ? number(limit.rate() * 1e-9) + " GB/s"
                : number(limit.rate() * 1e-12) + " TOPS";
    }

    /** Returns {@code 1 thread}, {@code 2 threads}. */
    static String threads(int threads) {
        return threads == 1 ? "1 thread" : threads + " threads";
    }

    /** Returns a contender's name as people know it. */
    static String name(ContenderName contender) {
        return switch (contender.name()) {
            case "onnxruntime" -> "ONNX Runtime";
            case "onnxruntime-4bit" -> "ONNX Runtime 4 bit";
            case "openblas" -> "OpenBLAS";
            case "onednn-c" -> "oneDNN from C";
            case "onednn" -> "oneDNN from Java";
            case "vector" -> "vector (pure Java)";
            default -> contender.name();
        };
    }

    /** Returns {@code auto INT8}. */
    static String nameAndTypes(ContenderName contender) {
        return name(contender) + " " + contender.types();
    }
}
