package io.tersor.bench.report;

import java.util.Locale;

/** For which width a chart is drawn: 1 unit is 1 pixel or more where that drawing is shown, so text can be read. */
enum Layout {
    /** For screens and paper. */
    WIDE(760, 13),
    /** For phones: labels above what they name, fewer ticks. */
    NARROW(340, 12),
    /** As wide as for screens, but a file by itself: with its title, its colours and a background. */
    DOCUMENT(760, 13);

    private final int width;
    private final int fontSize;

    Layout(int width, int fontSize) {
        this.width = width;
        this.fontSize = fontSize;
    }

    int width() {
        return width;
    }

    /** Returns whether labels have room beside what they name. */
    boolean isWide() {
        return this != NARROW;
    }

    int fontSize() {
        return fontSize;
    }

    /** Returns a width that suffices for a text in most sans-serif fonts. */
    double widthOf(String text) {
        return 0.58 * fontSize * text.length();
    }

    /** Returns how many ticks an axis should have at least. */
    int ticks() {
        return isWide() ? 5 : 3;
    }

    /** Returns the class of the drawing, and what its identifiers end with. */
    String id() {
        return name().toLowerCase(Locale.ROOT);
    }
}
