package io.tersor.kernel;

/**
 * Weighted sums of a few positions along one axis, f32: dst[o, i, j] is the sum over t of weights[t, i] *
 * src[o, index[t, i], j], in the order of t. An index below 0 leaves its product out.
 */
public record InterpolateSpec() implements KernelSpec {
    @Override
    public String name() {
        return "interpolate_f32";
    }
}
