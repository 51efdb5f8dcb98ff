package io.tersor.model.exec;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.kernel.RecurrentCell;
import io.tersor.model.ops.Computation;
import io.tersor.model.ops.RecurrentLayout;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/**
 * Runs a recurrent layer: the products of all steps' inputs as one, then step by step the product of the states and the
 * cell of every sequence.
 *
 * <p>Inputs: source, sequence lengths, first h, first c. Outputs: all h, last h, last c, of which each may be absent; then
 * what is worked in: products of inputs [steps * batch, columns], products of states [batch, columns], h and c [batch,
 * hidden], and bytes for products by way of integers, if there are such.
 *
 * @param forgets whether the states of sequences that have ended count as 0 from the second step behind their end on,
 *        where all h are wanted: ONNX Runtime's DynamicQuantizeLSTM reads them from there, and quantizes them together
 */
record RecurrentRun(RecurrentLayout layout, List<Direction> directions, boolean forgets)
        implements Computation.Body {
    static final int INPUTS = 4;
    static final int RESULTS = 3;

    /**
     * The kernels of one direction.
     *
     * @param input product of the inputs
     * @param state product of the states, for all gates or for those before {@code candidate}'s
     * @param candidate product of the states that a GRU has reset, if that comes first
     */
    record Direction(RowProduct input, RowProduct state, Optional<RowProduct> candidate, RecurrentCell cell) {}

    String describe() {
        Direction first = directions.getFirst();
        String input = first.input.describe();
        String state = first.state.describe();
        return (input.equals(state) ? "" : input + " + ") + state + " + " + first.cell.describe();
    }

    /** Returns the bytes that products work in, one after the other. */
    long workBytes() {
        long most = 0;
        for (Direction direction : directions) {
            most = Math.max(most, direction.input.workBytes((long) layout.steps() * layout.batch()));
            most = Math.max(most, direction.state.workBytes(layout.batch()));
            most = Math.max(most, direction.candidate.map(product -> product.workBytes(layout.batch())).orElse(0L));
        }
        return most;
    }

    @Override
    public void run(Tensor[] in, Tensor[] out) {
        if (in[1] != null && out[0] != null) {
            out[0].data().fill((byte) 0);
        }
        for (int direction = 0; direction < directions.size(); direction++) {
            run(direction, in, out);
        }
    }

    private void run(int direction, Tensor[] in, Tensor[] out) {
        Direction kernels = directions.get(direction);
        Tensor x = out[RESULTS];
        Tensor r = out[RESULTS + 1];
        Tensor h = out[RESULTS + 2];
        Tensor c = out[RESULTS + 3];
        Tensor work = out[RESULTS + 4];
        // What nobody reads must not widen the range that is quantized.
        long rows = layout.rows(in[1]);
        Tensor src = in[0].reshape(Shape.of((long) layout.steps() * layout.batch(), layout.input()));
        kernels.input.bind(work, rows).run(src.slice(0, 0, rows), x.slice(0, 0, rows));
        RowProduct.Bound state = kernels.state.bind(work, layout.batch());
        RowProduct.Bound reset = kernels.candidate.map(product -> product.bind(work, layout.batch())).orElse(null);
        start(direction, in[2], h);
        start(direction, in[3], c);
        int hidden = layout.hidden();
        boolean whole = kernels.candidate.isEmpty();
        Tensor gates = whole ? r : r.slice(1, 0, 2L * hidden);
        Tensor candidate = whole ? r : r.slice(1, 2L * hidden, hidden);
        for (int step = 0; step < layout.steps(); step++) {
            state.run(h, gates);
            if (!whole) {
                // A GRU has no c: its place takes r * h.
                for (int sequence = 0; sequence < layout.batch(); sequence++) {
                    int time = time(direction, step, layout.length(in[1], sequence));
                    kernels.cell.reset(x, layout.source(Math.max(0, time), sequence), r, h, c, sequence);
                }
                reset.run(c, candidate);
            }
            for (int sequence = 0; sequence < layout.batch(); sequence++) {
                int time = time(direction, step, layout.length(in[1], sequence));
                if (time >= 0) {
                    kernels.cell.run(x, layout.source(time, sequence), r, h, c, sequence);
                    copy(h, sequence, out[0], layout.result(time, direction, sequence));
                } else if (forgets && out[0] != null && step == layout.length(in[1], sequence)) {
                    copy(h, sequence, out[1], layout.state(direction, sequence));
                    h.slice(0, sequence, 1).data().fill((byte) 0);
                }
            }
        }
        for (int sequence = 0; sequence < layout.batch(); sequence++) {
            if (!forgets || out[0] == null || layout.length(in[1], sequence) == layout.steps()) {
                copy(h, sequence, out[1], layout.state(direction, sequence));
            }
            copy(c, sequence, out[2], layout.state(direction, sequence));
        }
    }

    /** Returns the position that a sequence has at a step, -1 behind its end. */
    private int time(int direction, int step, int length) {
        return step >= length ? -1 : layout.reverse(direction) ? length - 1 - step : step;
    }

    private void start(int direction, Tensor given, Tensor state) {
        if (given == null) {
            state.data().fill((byte) 0);
            return;
        }
        for (int sequence = 0; sequence < layout.batch(); sequence++) {
            copy(given, layout.state(direction, sequence), state, sequence);
        }
    }

    /** Copies a row of {@code hidden} elements, if anybody wants it. */
    private void copy(Tensor from, int fromRow, Tensor to, int toRow) {
        if (to != null) {
            long bytes = layout.hidden() * JAVA_FLOAT.byteSize();
            MemorySegment.copy(from.data(), fromRow * bytes, to.data(), toRow * bytes, bytes);
        }
    }
}
