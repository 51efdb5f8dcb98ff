package io.tersor.bench.report;

/** The marks of series: they differ in shape, in filling and in lightness, so that none needs its colour. */
enum Mark {
    CIRCLE(true),
    SQUARE(false),
    TRIANGLE(true),
    DIAMOND(false),
    SQUARE_FILLED(true),
    CIRCLE_HOLLOW(false),
    DIAMOND_FILLED(true),
    TRIANGLE_HOLLOW(false);

    /** As many as a palette has. */
    static final int COLOURS = 4;
    private static final double RADIUS = 4.5;

    private final boolean filled;

    Mark(boolean filled) {
        this.filled = filled;
    }

    /** Returns the mark of a series; they start again after the last. */
    static Mark of(int series) {
        return values()[series % values().length];
    }

    /** Returns the class of a series, which gives lines and marks their colour and lines their dashes. */
    static String kind(int series) {
        return "s" + series % COLOURS + (series % values().length < COLOURS ? "" : " dashed");
    }

    /** Draws it within an element of that class. */
    void draw(Svg svg, double x, double y) {
        String kind = filled ? "mark" : "mark hollow";
        double r = RADIUS;
        switch (this) {
            case CIRCLE, CIRCLE_HOLLOW -> svg.empty("circle", "class", kind, "cx", x, "cy", y, "r", r);
            case SQUARE, SQUARE_FILLED -> svg.empty("rect", "class", kind, "x", x - r + 0.5, "y", y - r + 0.5, "width",
                    2 * r - 1, "height", 2 * r - 1);
            case TRIANGLE, TRIANGLE_HOLLOW -> path(svg, kind, x - r, y + r, x, y - r, x + r, y + r);
            case DIAMOND, DIAMOND_FILLED -> path(svg, kind, x - r - 1, y, x, y - r - 1, x + r + 1, y, x, y + r + 1);
        }
    }

    private static void path(Svg svg, String kind, double... points) {
        svg.empty("polygon", "class", kind, "points", points(points));
    }

    /** Returns coordinates as polygons and polylines have them. */
    static String points(double... points) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < points.length; i++) {
            text.append(i == 0 ? "" : i % 2 == 0 ? " " : ",").append(Math.round(points[i] * 10) / 10.0);
        }
        return text.toString();
    }
}
