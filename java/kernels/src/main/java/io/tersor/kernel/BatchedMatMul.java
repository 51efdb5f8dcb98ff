package io.tersor.kernel;

import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A matrix multiplication with one matrix of weights for each member of a batch: one kernel per member, each on its own
 * slice of src, residual and dst. Where there are at least as many members as threads, each thread runs whole members;
 * otherwise they run one after the other, each on all threads.
 */
final class BatchedMatMul extends MatMul {
    private static final int RECENT_RUNS = 8;
    private static final long CLOSED = Long.MIN_VALUE;

    private final List<MatMul> members;
    /** Running callers, or below zero once closed. */
    private final AtomicLong callers = new AtomicLong();
    /**
     * Slices cannot be moved, so those of the last runs are kept, to allocate none while the same tensors come again;
     * weakly, for they hold on to the tensors' arenas.
     */
    private final AtomicReferenceArray<WeakReference<Run>> recent = new AtomicReferenceArray<>(RECENT_RUNS);
    private final AtomicInteger oldest = new AtomicInteger();

    private BatchedMatMul(MatMulSpec spec, List<MatMul> members, Parallelism parallelism) {
        super(spec, members.getFirst().backend(), parallelism, Arena.ofShared());
        this.members = members;
    }

    /**
     * Prepares all members on one backend.
     *
     * @param weights [batch, k, n], any strides
     */
    static MatMul prepare(BackendProvider provider, MatMulSpec spec, Tensor weights, Optional<Tensor> bias,
            PrepareOptions options) {
        boolean sharesMembers = spec.batch() >= options.parallelism().threads();
        PrepareOptions each = sharesMembers ? options.with(Parallelism.SINGLE) : options;
        Parallelism parallelism = sharesMembers ? options.parallelism() : Parallelism.SINGLE;
        List<MatMul> members = new ArrayList<>(spec.batch());
        try {
            for (int member = 0; member < spec.batch(); member++) {
                members.add(provider.prepare(spec.single(), matrix(weights, member), bias, each));
            }
            return new BatchedMatMul(spec, List.copyOf(members), parallelism);
        } catch (Throwable failure) {
            members.forEach(MatMul::close);
            throw failure;
        }
    }

    /** Returns the view [k, n] of one of the matrices [batch, k, n]. */
    static Tensor matrix(Tensor weights, int member) {
        Tensor one = weights.slice(0, member, 1);
        return Tensor.wrap(one.data(), one.type(), Shape.of(one.shape().dim(1), one.shape().dim(2)), one.stride(1),
                one.stride(2));
    }

    @Override
    protected String kernelName() {
        return members.getFirst().kernelName() + " x" + members.size();
    }

    /** Batches are contiguous, so that the strides are those of single matrices. */
    @Override
    protected void execute(long m, MemorySegment src, long srcRowStride, long srcColumnStride, MemorySegment residual,
            long ldResidual, MemorySegment dst, long ldDst) {
        try {
            if (callers.getAndIncrement() < 0) {
                throw new IllegalStateException("Already closed: " + describe());
            }
            parallelism().run(members.size(), run(m / members.size(), src, residual, dst));
        } finally {
            callers.getAndDecrement();
        }
    }

    private Run run(long rows, MemorySegment src, MemorySegment residual, MemorySegment dst) {
        for (int i = 0; i < RECENT_RUNS; i++) {
            WeakReference<Run> reference = recent.getAcquire(i);
            Run known = reference == null ? null : reference.get();
            if (known != null && known.fits(rows, src, residual, dst)) {
                return known;
            }
        }
        Run run = new Run(rows, src, residual, dst);
        recent.setRelease(Math.floorMod(oldest.getAndIncrement(), RECENT_RUNS), new WeakReference<>(run));
        return run;
    }

    /** All members' work on certain tensors, a part for each. Immutable. */
    private final class Run implements Parallelism.Part {
        private final long rows;
        private final MemorySegment src;
        private final MemorySegment residual;
        private final MemorySegment dst;
        private final List<MemorySegment> srcs;
        private final List<MemorySegment> residuals;
        private final List<MemorySegment> dsts;

        private Run(long rows, MemorySegment src, MemorySegment residual, MemorySegment dst) {
            this.rows = rows;
            this.src = src;
            this.residual = residual;
            this.dst = dst;
            this.srcs = slices(src);
            this.residuals = slices(residual);
            this.dsts = slices(dst);
        }

        /** A batch is contiguous, so each member has an equal share of the bytes; of none where there is no residual. */
        private List<MemorySegment> slices(MemorySegment whole) {
            if (whole.byteSize() == 0) {
                return Collections.nCopies(members.size(), whole);
            }
            long bytes = whole.byteSize() / members.size();
            List<MemorySegment> slices = new ArrayList<>(members.size());
            for (int member = 0; member < members.size(); member++) {
                slices.add(whole.asSlice(member * bytes, bytes));
            }
            return List.copyOf(slices);
        }

        private boolean fits(long otherRows, MemorySegment otherSrc, MemorySegment otherResidual,
                MemorySegment otherDst) {
            return rows == otherRows && src == otherSrc && residual == otherResidual && dst == otherDst;
        }

        @Override
        public void run(long part) {
            int member = (int) part;
            MatMulSpec spec = spec();
            members.get(member).execute(rows, srcs.get(member), spec.k(), 1, residuals.get(member),
                    spec.residual().isPresent() ? spec.n() : 0, dsts.get(member), spec.n());
        }
    }

    /**
     * Closes all members.
     *
     * @throws IllegalStateException if already closed, or if another thread is inside {@code run}; nothing is closed then
     */
    @Override
    public void close() {
        if (!callers.compareAndSet(0, CLOSED)) {
            throw new IllegalStateException((callers.get() < 0 ? "Already closed: " : "In use: ") + describe());
        }
        members.forEach(MatMul::close);
        super.close();
    }
}
