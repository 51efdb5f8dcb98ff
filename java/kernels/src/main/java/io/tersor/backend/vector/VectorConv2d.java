package io.tersor.backend.vector;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Conv2d as one {@link Gemm} for each group, whose rows are gathered from the image block by block: the implicit matrix
 * never exists as a whole (Chetlur et al., "cuDNN: Efficient Primitives for Deep Learning", 2014).
 */
final class VectorConv2d extends Conv2d {
    private final ScratchPool pool;
    private final Gemm[] groups;

    VectorConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism, ScratchPool pool) {
        this(spec, weights, bias, parallelism, pool, Arena.ofShared());
    }

    private VectorConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, parallelism, arena);
        this.pool = pool;
        this.groups = new Gemm[spec.groups()];
        int groupOc = spec.oc() / spec.groups();
        Epilogue epilogue = Epilogue.of(spec, bias);
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int group = 0; group < groups.length; group++) {
            int first = group * groupOc;
            PackedWeights.Matrix matrix = (row, column) -> reader.get(row, first + column);
            int reduction = (int) spec.reduction();
            PackedWeights packed = spec.isInteger()
                    ? PackedWeights.integers(arena, reduction, groupOc, matrix,
                            PackedWeights.largestSource(spec.src(), spec.srcParams()), Long.MAX_VALUE)
                    : PackedWeights.floats(arena, reduction, groupOc, matrix);
            RowPacker rows = spec.window().isPointwise() && groups.length == 1
                    ? new MatrixRows(spec.src(), spec.srcParams().zeroPoint()) : new WindowRows(spec, group);
            groups[group] = new Gemm(packed, rows, new TileStore(epilogue, Sums.of(spec), first, groupOc));
        }
    }

    @Override
    protected String kernelName() {
        return Gemm.name(spec().src(), spec().weights(), "conv");
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        long pixels = n * oh * ow;
        int threads = parallelism().threads();
        if (threads == 1) {
            Scratch scratch = pool.take();
            bind(scratch, h, w, src, oh, ow, residual, dst);
            for (Gemm group : groups) {
                group.runAll(scratch, pixels);
            }
            pool.give(scratch);
            return;
        }
        for (Gemm group : groups) {
            new SharedRun(group, pool) {
                @Override
                void bind(Scratch scratch) {
                    VectorConv2d.this.bind(scratch, h, w, src, oh, ow, residual, dst);
                }
            }.start(parallelism(), pixels);
        }
    }

    private void bind(Scratch scratch, long h, long w, MemorySegment src, long oh, long ow,
            MemorySegment residual, MemorySegment dst) {
        scratch.bindImages(src, spec().ic(), h, w, oh, ow);
        scratch.bindResidual(residual, spec().oc());
        scratch.bindDestination(dst, spec().oc());
    }
}
