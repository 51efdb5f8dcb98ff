package io.tersor.bench.report;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.Template;
import io.tersor.TersorException;
import io.tersor.bench.results.Machine;
import io.tersor.bench.results.Results;
import io.tersor.bench.results.Row;
import io.tersor.bench.results.Run;
import io.tersor.bench.results.TextFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The page of results: one HTML file that needs nothing else, readable on a phone, in light and dark, printed, and by a
 * screen reader. Its template is the resource {@code report.html}.
 */
public final class Report {
    /**
     * What the template shows.
     *
     * @param warnings what must not be overlooked
     */
    record Page(String title, String css, String summary, List<Warning> warnings, List<Fact> facts,
            List<Headline> headlines, List<Section> sections) {}

    /** Something prominent. */
    record Warning(String id, String heading, String text, PageTable table) {}

    /** A line about the run. */
    record Fact(String name, String value) {}

    private Report() {}

    /**
     * Writes the page: beside the file first, then renamed.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    public static void write(Results results, Path html) {
        TextFile.write(html, html(results));
    }

    /** Returns a sentence of the ratios that say most. */
    public static String summary(Results results) {
        return summary(results, Headline.of(new Findings(results)));
    }

    private static String summary(Results results, List<Headline> headlines) {
        return Headline.summary(headlines, results.machine().cpu() + " (" + results.machine().isa() + ")");
    }

    /** Returns the page. */
    static String html(Results results) {
        Template template = Mustache.compiler().escapeHTML(true).strictSections(true)
                .withLoader(name -> new StringReader(resource(name + ".html"))).compile(resource("report.html"));
        return template.execute(page(new Findings(results)));
    }

    /** Returns all sections that have something to show. */
    static List<Section> sections(Findings findings) {
        Results results = findings.results();
        return Stream.of(PrecisionSection.of(findings), PeersSection.of(findings), SparseSection.of(findings),
                RooflineSection.of(findings), ScalingSection.of(findings), TableSections.costs(results),
                TableSections.limits(results), TableSections.unsupported(findings), TableSections.reading(),
                TableSections.rows(results)).filter(section -> !section.isEmpty()).toList();
    }

    private static Page page(Findings findings) {
        Results results = findings.results();
        List<Headline> headlines = Headline.of(findings);
        List<Row> wrong = findings.rows(Row.Status.WRONG);
        List<Warning> warnings = wrong.isEmpty() ? List.of() : List.of(new Warning("wrong", "Wrong results",
                wrong.size() + (wrong.size() == 1 ? " contender" : " contenders") + " gave a wrong result and "
                        + (wrong.size() == 1 ? "was" : "were") + " refused: nothing of it was timed.",
                TableSections.refused(wrong, "Contenders with a wrong result")));
        return new Page("Tersor benchmark: " + results.machine().cpu(), css(),
                summary(results, headlines), warnings, facts(results), headlines, sections(findings));
    }

    private static List<Fact> facts(Results results) {
        Machine machine = results.machine();
        Run run = results.run();
        List<Fact> facts = new ArrayList<>();
        String cores = machine.cores() == 1 ? "1 core" : machine.cores() + " cores";
        facts.add(new Fact("Machine", machine.cpu() + ", " + cores + " used, "
                + Phrases.number(machine.memoryBytes() / 1073741824.0) + " GiB of memory" + (machine.cacheBytes() > 0 ? ", last-level cache of "
                + Phrases.number(machine.cacheBytes() / 1048576.0) + " MiB" : "")));
        facts.add(new Fact("Instruction set", machine.isa()));
        facts.add(new Fact("System", machine.os() + "; " + machine.jvm()));
        facts.add(new Fact("Date", run.date()));
        facts.add(new Fact("Plan", run.plan() + ", " + run.forks() + " JVMs, "
                + Phrases.number(run.seconds() / 60) + " minutes"));
        facts.add(new Fact("Commit", commit(run)));
        facts.add(new Fact("Versions", results.versions().entrySet().stream()
                .map(version -> version.getKey() + " " + version.getValue()).collect(Collectors.joining(", "))));
        return facts;
    }

    /** Returns the commit, and whether there were changes besides. */
    static String commit(Run run) {
        return run.commit().orElse("unknown") + (run.modified() ? ", with changes" : "");
    }

    private static String css() {
        return ":root{" + Palette.LIGHT.properties() + "}\n@media (prefers-color-scheme: dark){:root{"
                + Palette.DARK.properties() + "}}\n@media print{:root{" + Palette.LIGHT.properties() + "}}\n"
                + resource("report.css") + resource("chart.css");
    }

    /** Returns a text that belongs to this package. */
    static String resource(String name) {
        try (InputStream in = Report.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
