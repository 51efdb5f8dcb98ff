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

    /** Returns the sum of both products of a gate. */
    private double sum(int gate, int i, MemorySegment x, long xAt, MemorySegment r, long rAt) {
        long offset = (long) gate * hidden + i;
        return (double) Elements.getFloat(x, xAt + offset) + Elements.getFloat(r, rAt + offset);
    }

    @Override
    protected void step(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment c,
            long at) {
        for (int i = 0; i < hidden; i++) {
            double first = sum(0, i, x, xAt, r, rAt);
            double after = switch (spec().kind()) {
                case RNN -> of(spec().gate(), first);
                case GRU -> {
                    double update = of(spec().gate(), first);
                    double product = Elements.getFloat(r, rAt + 2L * hidden + i);
                    double reset = spec().resetAfter() ? of(spec().gate(), sum(1, i, x, xAt, r, rAt)) : 1;
                    double candidate = Elements.getFloat(x, xAt + 2L * hidden + i) + reset * product;
                    yield (1 - update) * of(spec().candidate(), candidate) + update * Elements.getFloat(h, at + i);
                }
                case LSTM -> {
                    double old = Elements.getFloat(c, at + i);
                    double in = of(spec().gate(), first + p[i] * old);
                    double forget = spec().coupled() ? 1 - in
                            : of(spec().gate(), sum(2, i, x, xAt, r, rAt) + p[2 * hidden + i] * old);
                    double cell = forget * old + in * of(spec().candidate(), sum(3, i, x, xAt, r, rAt));
                    Elements.setFloat(c, at + i, (float) cell);
                    double out = of(spec().gate(), sum(1, i, x, xAt, r, rAt) + p[hidden + i] * cell);
                    yield out * spec().output().apply(cell);
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
