package io.tersor.bench.report;

import io.tersor.TersorException;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * Writes one drawing. Charts on the page and in the documents are written with this and not with XChart: that measures
 * text with the fonts of the machine, so that the same results would give other files elsewhere and none at all in a
 * JVM without fonts, and it writes fixed colours and sizes, where these follow the page's theme and width.
 *
 * <p>Attributes are pairs of a name and a value; numbers are rounded to a tenth.
 */
final class Svg {
    private static final double MARGIN = 14;
    private static final double HEADING = 24;

    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter writer;

    /** Starts a drawing with a name and a description, which are read aloud instead of it. */
    Svg(String id, Layout layout, double height, String title, String description) {
        try {
            writer = XMLOutputFactory.newInstance().createXMLStreamWriter(text);
        } catch (XMLStreamException e) {
            throw new TersorException("SVG: cannot be written: " + e, e);
        }
        String own = id + "-" + layout.id();
        boolean isDocument = layout == Layout.DOCUMENT;
        double margin = isDocument ? MARGIN : 0;
        double heading = isDocument ? HEADING : 0;
        double fullWidth = layout.width() + 2 * margin;
        double fullHeight = height + 2 * margin + heading;
        open("svg", "xmlns", "http://www.w3.org/2000/svg", "class", "chart " + layout.id(), "viewBox",
                number(-margin) + " " + number(-margin - heading) + " " + number(fullWidth) + " " + number(fullHeight),
                "role", "img", "font-size", layout.fontSize(), "aria-labelledby", own + "-title " + own + "-desc");
        if (isDocument) {
            attributes("width", fullWidth, "height", fullHeight);
        }
        text("title", title, "id", own + "-title");
        text("desc", description, "id", own + "-desc");
        if (isDocument) {
            text("style", Palette.LIGHT.resolve(Report.resource("chart.css")));
            empty("rect", "class", "background", "x", -margin, "y", -margin - heading, "width", fullWidth, "height",
                    fullHeight);
            label(title, 0, -heading / 2, "heading", "start");
        }
    }

    /** The calls of the writer, which fails only where its output does: here never. */
    @FunctionalInterface
    private interface Call {
        void run() throws XMLStreamException;
    }

    private static void write(Call call) {
        try {
            call.run();
        } catch (XMLStreamException e) {
            throw new TersorException("SVG: cannot be written: " + e, e);
        }
    }

    void open(String element, Object... attributes) {
        write(() -> writer.writeStartElement(element));
        attributes(attributes);
    }

    private void attributes(Object... attributes) {
        write(() -> {
            for (int i = 0; i < attributes.length; i += 2) {
                writer.writeAttribute(attributes[i].toString(), attributes[i + 1] instanceof Number value
                        ? number(value.doubleValue()) : attributes[i + 1].toString());
            }
        });
    }

    void close() {
        write(writer::writeEndElement);
    }

    void empty(String element, Object... attributes) {
        open(element, attributes);
        close();
    }

    /** Writes an element that has nothing but text. */
    void text(String element, String content, Object... attributes) {
        open(element, attributes);
        write(() -> writer.writeCharacters(content));
        close();
    }

    /** Writes a text at a place, with the class and the anchor: start, middle or end. */
    void label(String content, double x, double y, String kind, String anchor) {
        text("text", content, "class", kind, "x", x, "y", y, "text-anchor", anchor);
    }

    void line(String kind, double x1, double y1, double x2, double y2) {
        empty("line", "class", kind, "x1", x1, "y1", y1, "x2", x2, "y2", y2);
    }

    /** Ends the drawing and returns it. */
    String end() {
        close();
        write(writer::close);
        return text.toString();
    }

    private static String number(double value) {
        BigDecimal rounded = BigDecimal.valueOf(value).setScale(1, RoundingMode.HALF_UP).stripTrailingZeros();
        return rounded.signum() == 0 ? "0" : rounded.toPlainString();
    }
}
