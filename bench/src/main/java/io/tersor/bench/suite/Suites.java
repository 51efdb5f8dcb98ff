package io.tersor.bench.suite;

import io.tersor.TersorException;
import java.util.List;

/** All suites there are. */
final class Suites {
    /** In the order in which they are measured. */
    private static final List<Suite> ALL = List.of(new GemmSuite(), new ConvSuite(), new SparseSuite(),
            new NetworkSuite(), new CallSuite(), new PreparationSuite());

    private Suites() {}

    /** Returns the names. */
    static List<String> names() {
        return ALL.stream().map(Suite::name).toList();
    }

    /**
     * Returns the suite of a name.
     *
     * @throws TersorException if there is none
     */
    static Suite of(String name) {
        return ALL.stream().filter(suite -> suite.name().equals(name)).findFirst().orElseThrow(() ->
                new TersorException("suite: expected one of " + String.join(", ", names()) + ", got '" + name + "'"));
    }
}
