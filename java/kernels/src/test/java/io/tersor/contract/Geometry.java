package io.tersor.contract;

import io.tersor.kernel.Window;
import io.tersor.tensor.Shape;

/** Image and window of a convolution. */
record Geometry(int n, int h, int w, int ic, int oc, int groups, Window window) {
    static Geometry of(int n, int h, int w, int ic, int oc, Window window) {
        return new Geometry(n, h, w, ic, oc, 1, window);
    }

    Geometry groups(int count) {
        return new Geometry(n, h, w, ic, oc, count, window);
    }

    Shape src() {
        return Shape.of(n, h, w, ic);
    }
}
