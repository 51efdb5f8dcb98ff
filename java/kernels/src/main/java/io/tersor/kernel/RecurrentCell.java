package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A prepared step of a recurrent layer behind its products, see {@link RecurrentCellSpec}. */
public abstract non-sealed class RecurrentCell extends Kernel {
    private final RecurrentCellSpec spec;

    /** For backends: see {@link Kernel} for the arena. */
    protected RecurrentCell(RecurrentCellSpec spec, Backend backend, Parallelism parallelism, Arena arena) {
        super(backend, parallelism, arena);
        this.spec = spec;
    }

    @Override
    public final RecurrentCellSpec spec() {
        return spec;
    }

    /**
     * Replaces the state of one sequence by that of the next step. Allocates nothing; safe from many threads at once with
     * different rows. All tensors are f32 and contiguous matrices that do not overlap.
     *
     * @param x [.., gates * hidden], the products of the inputs
     * @param xRow the step's row in it
     * @param r [.., gates * hidden], the products of the states
     * @param h [.., hidden], the state before and after
     * @param c [.., hidden], likewise for LSTM; untouched otherwise
     * @param row the sequence's row in r, h and c
     * @throws OperandException if type, shape, strides or rows do not fit
     * @throws IllegalStateException if this kernel or a tensor's arena is closed
     */
    public final void run(Tensor x, long xRow, Tensor r, Tensor h, Tensor c, long row) {
        checkOpen();
        check("x", x, spec.columns(), xRow);
        check("r", r, spec.columns(), row);
        check("h", h, spec.hidden(), row);
        check("c", c, spec.hidden(), row);
        step(x.data(), xRow * spec.columns(), r.data(), row * spec.columns(), h.data(), c.data(), row * spec.hidden());
    }

    /**
     * Computes r * h of a GRU's reset gate r, for a product behind it.
     *
     * @param x see {@link #run}
     * @param r of which the reset gate's columns are read
     * @param h the state
     * @param scaled [.., hidden], of which one row is written
     */
    public final void reset(Tensor x, long xRow, Tensor r, Tensor h, Tensor scaled, long row) {
        checkOpen();
        OperandException.check(spec.kind() == RecurrentCellSpec.Kind.GRU, "spec", "GRU", spec);
        check("x", x, spec.columns(), xRow);
        check("r", r, spec.columns(), row);
        check("h", h, spec.hidden(), row);
        check("scaled", scaled, spec.hidden(), row);
        reset(x.data(), xRow * spec.columns() + spec.hidden(), r.data(), row * spec.columns() + spec.hidden(), h.data(),
                scaled.data(), row * spec.hidden());
    }

    private static void check(String operand, Tensor tensor, long columns, long row) {
        if (tensor.type() != DataType.F32 || tensor.shape().rank() != 2 || tensor.shape().dim(1) != columns
                || row < 0 || row >= tensor.shape().dim(0) || !tensor.isContiguous()) {
            throw new OperandException(operand, "f32 contiguous [" + row + " or more, " + columns + "]", tensor);
        }
    }

    /** Computes one step; the arguments are checked, positions count elements. */
    protected abstract void step(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h, MemorySegment c,
            long at);

    /** Computes gate(x + r) * h for one row. */
    protected abstract void reset(MemorySegment x, long xAt, MemorySegment r, long rAt, MemorySegment h,
            MemorySegment scaled, long at);
}
