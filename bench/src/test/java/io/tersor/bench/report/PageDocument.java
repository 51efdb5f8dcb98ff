package io.tersor.bench.report;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** XML and the page, which is well-formed XML too, parsed. */
final class PageDocument {
    private PageDocument() {}

    static Document parse(String text) {
        try {
            DocumentBuilder builder = DocumentBuilderFactory.newInstance().newDocumentBuilder();
            builder.setErrorHandler(null);
            return builder.parse(new InputSource(new StringReader(text)));
        } catch (Exception e) {
            throw new AssertionError("not well-formed: " + e.getMessage(), e);
        }
    }

    static Document page() {
        return parse(Report.html(SampleResults.full()));
    }

    /** Returns all elements of a name in the order of the document; of all names for {@code *}. */
    static List<Element> all(Node within, String name) {
        NodeList nodes = within instanceof Document document ? document.getElementsByTagName(name)
                : ((Element) within).getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }

    static Element only(Node within, String name) {
        List<Element> found = all(within, name);
        if (found.size() != 1) {
            throw new AssertionError(name + ": expected one, got " + found.size());
        }
        return found.getFirst();
    }

    static Optional<Element> byId(Document document, String id) {
        List<Element> found = new ArrayList<>(all(document, "*"));
        found.removeIf(element -> !element.getAttribute("id").equals(id));
        return found.stream().findFirst();
    }

    /** Returns the texts of the elements that an attribute refers to, joined. */
    static String labelledBy(Element element) {
        StringBuilder name = new StringBuilder();
        for (String id : element.getAttribute("aria-labelledby").split(" ")) {
            name.append(byId(element.getOwnerDocument(), id).map(Element::getTextContent).orElse("")).append(' ');
        }
        return name.toString().trim();
    }
}
