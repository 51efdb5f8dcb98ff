package io.tersor.bench.report;

/** A chart, which can be drawn for several widths. Immutable. */
interface Chart {
    /** Returns a name that is unique on the page, fit for a file's. */
    String id();

    /** Returns what it shows, with the unit. */
    String title();

    /** Returns what can be seen in it: the text for those who do not. */
    String description();

    /** Returns the drawing, coloured by the classes of {@code chart.css}. */
    String draw(Layout layout);
}
