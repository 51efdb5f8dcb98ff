package io.tersor.model.exec;

import io.tersor.kernel.Window;
import io.tersor.model.ops.SpatialWindow;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

/** Windows of one or two axes as kernels know them. */
final class Windows {
    private Windows() {}

    /** Returns a window of two axes; one axis becomes a row. Empty for more axes or lengths beyond 32 bits. */
    static Optional<Window> twoAxes(SpatialWindow window) {
        boolean fits = LongStream.of(window.kernel()).allMatch(v -> v <= Integer.MAX_VALUE)
                && Arrays.stream(window.before()).allMatch(v -> v <= Integer.MAX_VALUE)
                && Arrays.stream(window.after()).allMatch(v -> v <= Integer.MAX_VALUE);
        if (!fits || window.rank() > 2) {
            return Optional.empty();
        }
        int last = window.rank() - 1;
        boolean two = last == 1;
        return Optional.of(new Window(two ? (int) window.kernel()[0] : 1, (int) window.kernel()[last],
                two ? (int) window.strides()[0] : 1, (int) window.strides()[last],
                two ? (int) window.before()[0] : 0, (int) window.before()[last],
                two ? (int) window.after()[0] : 0, (int) window.after()[last],
                two ? (int) window.dilations()[0] : 1, (int) window.dilations()[last]));
    }
}
