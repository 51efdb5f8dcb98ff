package io.tersor.backend.scalar;

import io.tersor.kernel.Backend;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.RecurrentCell;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Recurrent cells unit by unit, in binary64 from the products to the states. */
final class ScalarRecurrentCell extends RecurrentCell {
    private final int hidden;
    private final float[] p;

    ScalarRecurrentCell(RecurrentCellSpec spec, Optional<Tensor> peepholes, Parallelism parallelism) {
        super(spec, Backend.SCALAR, parallelism, Arena.ofShared());
        this.hidden = spec.hidden();
        this.p = peepholes.map(Tensor::toFloats).orElse(new float[3 * hidden]);
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    private double of(MapSpec function, double sum) {
        return function.apply(Math.clamp(sum, -spec().clip(), spec().clip()));
    }

    @Override
    protected void step(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment c,
            long at) {
        for (int i = 0; i < hidden; i++) {
            double[] a = new double[spec().kind().gates()];
            for (int g = 0; g < a.length; g++) {
                a[g] = (double) Elements.getFloat(x, xAt + (long) g * hidden + i)
                        + Elements.getFloat(r, rAt + (long) g * hidden + i);
            }
            double before = Elements.getFloat(h, at + i);
            double after = switch (spec().kind()) {
                case RNN -> of(spec().gate(), a[0]);
                case GRU -> {
                    double update = of(spec().gate(), a[0]);
                    double product = Elements.getFloat(r, rAt + 2L * hidden + i);
                    double candidate = spec().resetAfter()
                            ? Elements.getFloat(x, xAt + 2L * hidden + i) + of(spec().gate(), a[1]) * product : a[2];
                    yield (1 - update) * of(spec().candidate(), candidate) + update * before;
                }
                case LSTM -> {
                    double old = Elements.getFloat(c, at + i);
                    double in = of(spec().gate(), a[0] + p[i] * old);
                    double forget = spec().coupled() ? 1 - in : of(spec().gate(), a[2] + p[2 * hidden + i] * old);
                    double cell = forget * old + in * of(spec().candidate(), a[3]);
                    Elements.setFloat(c, at + i, (float) cell);
                    yield of(spec().gate(), a[1] + p[hidden + i] * cell) * spec().output().apply(cell);
                }
            };
            Elements.setFloat(h, at + i, (float) after);
        }
    }

    @Override
    protected void reset(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment scaled,
            long at) {
        for (int i = 0; i < hidden; i++) {
            double sum = (double) Elements.getFloat(x, xAt + i) + Elements.getFloat(r, rAt + i);
            Elements.setFloat(scaled, at + i, (float) (of(spec().gate(), sum) * Elements.getFloat(h, at + i)));
        }
    }
}
