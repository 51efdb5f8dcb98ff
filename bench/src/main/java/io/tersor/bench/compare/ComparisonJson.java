package io.tersor.bench.compare;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A comparison as {@code --json} prints it. */
final class ComparisonJson {
    private ComparisonJson() {}

    /** @param shown the changes to list */
    static Map<String, Object> of(Side a, Side b, Comparison comparison, List<Change> shown) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("a", side(a));
        json.put("b", side(b));
        json.put("by", comparison.by().toString());
        json.put("sameMachine", a.isOfSameMachine(b));
        json.put("threshold", comparison.threshold());
        json.put("changes", shown.stream().map(change -> change(comparison, change)).toList());
        json.put("summaries", comparison.summaries().stream().map(ComparisonJson::summary).toList());
        json.put("regressions", comparison.all().regressions());
        return json;
    }

    private static Map<String, Object> side(Side side) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("file", side.file().toString());
        json.put("date", side.run().date());
        side.run().commit().ifPresent(commit -> json.put("commit", commit));
        json.put("modified", side.run().modified());
        json.put("machine", side.machineName());
        return json;
    }

    private static Map<String, Object> change(Comparison comparison, Change change) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", change.name());
        json.put("verdict", change.verdict().toString());
        json.put("regression", comparison.isRegression(change));
        change.ratio().ifPresent(ratio -> {
            json.put("ratio", ratio.value());
            json.put("low", ratio.low());
            json.put("high", ratio.high());
        });
        change.reason().ifPresent(reason -> json.put("reason", reason));
        return json;
    }

    private static Map<String, Object> summary(Comparison.Summary summary) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", summary.name());
        json.put("figures", summary.figures());
        json.put("agreeing", summary.agreeing());
        json.put("tooNoisy", summary.undecided());
        summary.geometricMean().ifPresent(mean -> json.put("geometricMean", mean));
        json.put("regressions", summary.regressions());
        return json;
    }
}
