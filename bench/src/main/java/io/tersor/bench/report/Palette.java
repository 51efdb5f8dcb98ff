package io.tersor.bench.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The colours of a theme, by the names that the style sheets have for them. Series also differ in lightness. */
enum Palette {
    /** Dark on white: for screens, paper and documents. */
    LIGHT("#ffffff", "#f3f5f8", "#1a1d21", "#555c66", "#d5dae1", "#0b57d0", "#a50e0e",
            "#0c2a6b", "#9c1c1c", "#0f7b74", "#c2760a"),
    /** Light on nearly black. */
    DARK("#14171c", "#1f242c", "#e8eaed", "#a9b1bc", "#3a414c", "#8ab4f8", "#ff9a8d",
            "#e9f0ff", "#f5b455", "#3fa39b", "#c8505a");

    private final Map<String, String> colours = new LinkedHashMap<>();

    /** Takes page, panel, text, muted text, rules, accent and alarm, then the series. */
    Palette(String page, String panel, String text, String muted, String rule, String accent, String alarm,
            String... series) {
        colours.put("page", page);
        colours.put("panel", panel);
        colours.put("text", text);
        colours.put("muted", muted);
        colours.put("rule", rule);
        colours.put("accent", accent);
        colours.put("alarm", alarm);
        for (int i = 0; i < series.length; i++) {
            colours.put("series-" + i, series[i]);
        }
    }

    /** Returns all colours by name. */
    Map<String, String> colours() {
        return Map.copyOf(colours);
    }

    /** Returns declarations of custom properties, one for each colour. */
    String properties() {
        return colours.entrySet().stream().map(colour -> "--" + colour.getKey() + ":" + colour.getValue())
                .collect(Collectors.joining(";"));
    }

    /** Returns a style sheet with the colours in place of the properties, for viewers that do not know these. */
    String resolve(String css) {
        return Pattern.compile("var\\(--([\\w-]+)\\)").matcher(css).replaceAll(use -> colours.get(use.group(1)));
    }
}
