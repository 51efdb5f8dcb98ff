package io.tersor.bench.compare;

import io.tersor.TersorException;
import io.tersor.cli.Subcommand;
import io.tersor.cli.Table;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** {@code tersor bench compare}: what differs between two files of results, exit status 1 where B is worse. */
@Command(name = "compare", mixinStandardHelpOptions = true,
        description = "Compares two files of results, or a baseline with one. A figure differs where the intervals of "
                + "both, 95 %% each, have no point in common; otherwise there is no difference. Exit status 1 if one "
                + "is slower by more than the threshold, wrong, or no longer measured.")
public final class CompareCommand extends Subcommand {
    /**
     * Three JVMs whose figures deviate by 1 to 2 % have intervals of 2.5 to 5 % to either side: what differs by less
     * than a tenth is hard to tell from chance. The loss of a path or of an instruction set costs more.
     */
    private static final double DEFAULT_PERCENT = 10;

    @Parameters(index = "0", paramLabel = "A.json", description = "The earlier one, or a baseline.")
    private Path fileA;

    @Parameters(index = "1", paramLabel = "B.json", description = "The later one.")
    private Path fileB;

    @Option(names = "--by", paramLabel = "WAY", converter = WayName.class,
            description = "time: times against times; needs two files of one machine. peer: speeds of own kernels "
                    + "over peers in the same JVM, for machines whose own speed differs from day to day. By default "
                    + "time for two files of one machine, else peer.")
    private By by;

    @Option(names = "--across-machines", description = "Compare times of different machines all the same.")
    private boolean acrossMachines;

    @Option(names = "--threshold", paramLabel = "PERCENT",
            description = "By how much longer B may take, 10 by default: more than chance makes of one kernel in a "
                    + "few JVMs, less than the loss of an instruction set.")
    private double percent = DEFAULT_PERCENT;

    @Option(names = "--suites", paramLabel = "LIST", split = ",", description = "Only these suites.")
    private Set<String> suites = Set.of();

    @Option(names = "--all", description = "Also list what does not differ.")
    private boolean all;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        if (!(percent >= 0 && percent < Double.POSITIVE_INFINITY)) {
            throw wrongUsage("--threshold: expected a number of percent from 0, got " + percent);
        }
        Side a = Side.read(fileA);
        Side b = Side.read(fileB);
        By way = way(a, b);
        Map<String, Figure> before = figures(a, way);
        Map<String, Figure> after = figures(b, way);
        check(before, after);
        Comparison comparison = Comparison.of(way, percent / 100, before, after, suites);
        if (comparison.all().figures() == 0 && comparison.all().regressions() == 0) {
            throw new TersorException(fileA + ": nothing is measured that could be compared by " + way);
        }
        if (json) {
            printJson(ComparisonJson.of(a, b, comparison, shown(comparison)));
        } else {
            print(a, b, comparison);
        }
        return comparison.all().regressions() > 0 ? 1 : 0;
    }

    private By way(Side a, Side b) {
        boolean same = a.isOfSameMachine(b);
        By way = by != null ? by : same && a.times().isPresent() && b.times().isPresent() ? By.TIME : By.PEER;
        if (way == By.TIME && !same && !acrossMachines) {
            throw new TersorException("times of different machines tell nothing of the library: " + fileA + " is of "
                    + a.machineName() + ", " + fileB + " of " + b.machineName()
                    + "; compare --by peer, or with --across-machines all the same");
        }
        return way;
    }

    private static Map<String, Figure> figures(Side side, By way) {
        return way == By.PEER ? side.speeds() : side.times().orElseThrow(() -> new TersorException(side.file()
                + ": a baseline has no times; compare --by peer"));
    }

    private void check(Map<String, Figure> a, Map<String, Figure> b) {
        Set<String> there = Stream.of(a, b).flatMap(side -> side.keySet().stream())
                .map(Change::suiteOf).collect(Collectors.toCollection(TreeSet::new));
        Set<String> missing = new LinkedHashSet<>(suites);
        missing.removeAll(there);
        if (!missing.isEmpty()) {
            throw wrongUsage("--suites: expected some of " + there + ", got " + missing);
        }
    }

    private void print(Side a, Side b, Comparison comparison) {
        out().println("A  " + a.description());
        out().println("B  " + b.description());
        out().println("speed of B over A, by " + comparison.by() + (a.isOfSameMachine(b) ? ""
                : "; warning: of different machines, which differ in more than the library"));
        out().println();
        Table differences = differences(comparison);
        if (!differences.isEmpty()) {
            print(differences);
            out().println();
        }
        print(summaries(comparison));
        out().println();
        Comparison.Summary sum = comparison.all();
        sum.agreement().ifPresent(share -> out().println("the two runs agree on " + percent(share) + " of "
                + sum.figures() + (comparison.by() == By.TIME ? " rows" : " speeds over peers")));
        out().println(sum.regressions() == 0 ? "no regression beyond " + trimmed(percent) + " %"
                : sum.regressions() + (sum.regressions() == 1 ? " regression" : " regressions")
                        + ": slower by more than " + trimmed(percent) + " %, wrong, or no longer measured");
        out().flush();
    }

    private List<Change> shown(Comparison comparison) {
        return comparison.changes().stream().filter(change -> all || change.verdict() != Change.Verdict.SAME).toList();
    }

    private Table differences(Comparison comparison) {
        Table table = new Table("figure", "verdict", "B over A", "from", "to", "regression");
        for (Change change : shown(comparison)) {
            Optional<Ratio> ratio = change.ratio();
            table.row(change.name(), change.verdict() + change.reason().map(reason -> ": " + reason).orElse(""),
                    ratio.map(x -> speed(x.value())).orElse("-"), ratio.map(x -> speed(x.low())).orElse("-"),
                    ratio.map(x -> speed(x.high())).orElse("-"), comparison.isRegression(change) ? "yes" : "");
        }
        return table;
    }

    private Table summaries(Comparison comparison) {
        Table table = new Table("suite", "figures", "no difference", "geometric mean", "too noisy for the threshold",
                "regressions");
        for (Comparison.Summary summary : comparison.summaries()) {
            OptionalDouble agreement = summary.agreement();
            OptionalDouble mean = summary.geometricMean();
            table.row(summary.name(), summary.figures(),
                    agreement.isPresent() ? percent(agreement.getAsDouble()) : "-",
                    mean.isPresent() ? speed(mean.getAsDouble()) : "-", summary.undecided(), summary.regressions());
        }
        return table;
    }

    private static String speed(double ratio) {
        return String.format(Locale.ROOT, "%.3f x", ratio);
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static String trimmed(double number) {
        return String.format(Locale.ROOT, number == Math.rint(number) ? "%.0f" : "%s", number);
    }

    private static final class WayName implements ITypeConverter<By> {
        @Override
        public By convert(String text) {
            return Stream.of(By.values()).filter(way -> way.toString().equals(text)).findFirst()
                    .orElseThrow(() -> new TypeConversionException("expected time or peer, got '" + text + "'"));
        }
    }
}
