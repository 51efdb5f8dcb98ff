package io.tersor.bench.compare;

import io.tersor.bench.results.Row;
import java.util.Optional;

/**
 * What has become of one figure.
 *
 * @param name of the figure, its suite first
 * @param own whether it is a figure of this library's own kernels
 * @param ratio B over A, where both have one
 * @param reason why B has none
 */
record Change(String name, boolean own, Verdict verdict, Optional<Ratio> ratio, Optional<String> reason) {
    /** What differs. */
    enum Verdict {
        /** The intervals of both overlap. */
        SAME("no difference"),
        /** They do not, and B is faster. */
        FASTER("faster"),
        /** They do not, and B is slower. */
        SLOWER("slower"),
        /** B's result was wrong; A's was right. */
        WRONG("wrong"),
        /** B could not be measured; A was. */
        UNSUPPORTED("unsupported"),
        /** B does not have what A has measured. */
        MISSING("missing"),
        /** A was not measured; B was. */
        NEW("new");

        private final String label;

        Verdict(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /** Returns the change of a figure; nothing where it is measured in neither. */
    static Optional<Change> of(String name, Optional<Figure> a, Optional<Figure> b) {
        boolean before = a.flatMap(Figure::speed).isPresent();
        boolean after = b.flatMap(Figure::speed).isPresent();
        if (before && after) {
            return Optional.of(measured(name, a.get(), b.get()));
        }
        if (before) {
            Verdict verdict = b.isEmpty() ? Verdict.MISSING
                    : b.get().status() == Row.Status.WRONG ? Verdict.WRONG : Verdict.UNSUPPORTED;
            return Optional.of(new Change(name, a.get().own(), verdict, Optional.empty(), b.flatMap(Figure::reason)));
        }
        return after ? Optional.of(new Change(name, b.get().own(), Verdict.NEW, Optional.empty(), Optional.empty()))
                : Optional.empty();
    }

    private static Change measured(String name, Figure a, Figure b) {
        Ratio ratio = Ratio.of(a.speed().orElseThrow(), b.speed().orElseThrow());
        Verdict verdict = a.speed().get().overlaps(b.speed().get()) ? Verdict.SAME
                : ratio.value() > 1 ? Verdict.FASTER : Verdict.SLOWER;
        return new Change(name, a.own(), verdict, Optional.of(ratio), Optional.empty());
    }

    String suite() {
        return suiteOf(name);
    }

    /** Returns the suite of a figure's name. */
    static String suiteOf(String name) {
        return name.substring(0, Math.max(0, name.indexOf(" / ")));
    }
}
