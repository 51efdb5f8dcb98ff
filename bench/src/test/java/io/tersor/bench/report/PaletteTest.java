package io.tersor.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Contrast by the formulas of WCAG 2.2. */
class PaletteTest {
    private static final double TEXT = 4.5;
    private static final double MARKS = 3;
    /** Between series: enough to tell them apart in grey. */
    private static final double GREYS = 1.3;

    static double luminance(String colour) {
        double[] weights = {0.2126, 0.7152, 0.0722};
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            double value = Integer.parseInt(colour.substring(1 + 2 * i, 3 + 2 * i), 16) / 255.0;
            sum += weights[i] * (value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4));
        }
        return sum;
    }

    static double contrast(String one, String other) {
        double a = luminance(one);
        double b = luminance(other);
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }

    @ParameterizedTest
    @EnumSource
    void textCanBeRead(Palette palette) {
        Map<String, String> colours = palette.colours();
        for (String text : List.of("text", "muted", "accent", "alarm")) {
            for (String behind : List.of("page", "panel")) {
                double contrast = contrast(colours.get(text), colours.get(behind));
                assertTrue(contrast >= TEXT, text + " on " + behind + ": " + contrast);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void marksCanBeSeenAndToldApartInGrey(Palette palette) {
        List<String> series = new ArrayList<>();
        for (int i = 0; i < Mark.COLOURS; i++) {
            series.add(palette.colours().get("series-" + i));
            double contrast = contrast(series.get(i), palette.colours().get("page"));
            assertTrue(contrast >= MARKS, "series " + i + " on the page: " + contrast);
            for (int j = 0; j < i; j++) {
                double apart = contrast(series.get(i), series.get(j));
                assertTrue(apart >= GREYS, "series " + i + " and " + j + ": " + apart);
            }
        }
    }

    /** Every colour of the style sheets is one of these, so that the tests above are about all of them. */
    @ParameterizedTest
    @EnumSource
    void styleSheetsHaveNoOtherColours(Palette palette) {
        for (String name : List.of("report.css", "chart.css")) {
            String css = Report.resource(name);
            assertFalse(Pattern.compile("#[0-9a-fA-F]{3,8}\\b|rgb|hsl").matcher(css).find(), name);
            Pattern.compile("var\\(--([\\w-]+)\\)").matcher(css).results().forEach(use ->
                    assertTrue(palette.colours().containsKey(use.group(1)), use.group(1)));
            assertFalse(palette.resolve(css).contains("var("));
        }
        assertEquals(Palette.LIGHT.colours().keySet(), palette.colours().keySet());
    }
}
