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
import java.util.concurrent.atomic.AtomicReference;

/**
 * Conv2d as one {@link Product} for each group, whose rows are gathered from the image block by block: the implicit
 * matrix never exists as a whole (Chetlur et al., "cuDNN: Efficient Primitives for Deep Learning", 2014).
 */
final class VectorConv2d extends Conv2d {
    private final ScratchPool pool;
    private final Product[] groups;
    private final AtomicReference<Operands> spare = new AtomicReference<>();

    VectorConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism, ScratchPool pool) {
        this(spec, weights, bias, parallelism, pool, Arena.ofShared());
    }

    private VectorConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, parallelism, arena);
        this.pool = pool;
        this.groups = new Product[spec.groups()];
        int groupOc = spec.oc() / spec.groups();
        Epilogue epilogue = Epilogue.of(spec, bias);
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int group = 0; group < groups.length; group++) {
            int first = group * groupOc;
            PackedWeights.Matrix matrix = (row, column) -> reader.get(row, first + column);
            TileStore store = new TileStore(epilogue, Sums.of(spec), first, groupOc);
            if (spec.sparsity().isPresent()) {
                groups[group] = SparseGemm.of(packSparse(spec, groupOc, matrix), tiles(spec, group), store);
            } else {
                RowPacker rows = isMatrix(spec) ? pixels(spec) : new WindowRows(spec, group);
                groups[group] = new Gemm(pack(spec, groupOc, matrix, arena), rows, store);
            }
        }
    }

    private static boolean isMatrix(Conv2dSpec spec) {
        return spec.window().isPointwise() && spec.groups() == 1;
    }

    private static RowPacker pixels(Conv2dSpec spec) {
        return new MatrixRows(spec.src(), spec.srcParams().zeroPoint());
    }

    private static TileSource tiles(Conv2dSpec spec, int group) {
        return isMatrix(spec) ? new RowTiles(pixels(spec), spec.ic()) : new WindowTiles(spec, group);
    }

    private static SparseWeights packSparse(Conv2dSpec spec, int groupOc, PackedWeights.Matrix matrix) {
        int height = SparseSums.height(spec.sparsity().orElseThrow());
        int reduction = (int) spec.reduction();
        return spec.isInteger()
                ? SparseWeights.integers(reduction, groupOc, height, matrix,
                        PackedWeights.largestSource(spec.src(), spec.srcParams()))
                : SparseWeights.floats(reduction, groupOc, height, matrix);
    }

    private static PackedWeights pack(Conv2dSpec spec, int groupOc, PackedWeights.Matrix matrix, Arena arena) {
        int reduction = (int) spec.reduction();
        return spec.isInteger()
                ? PackedWeights.integers(arena, reduction, groupOc, matrix,
                        PackedWeights.largestSource(spec.src(), spec.srcParams()), Long.MAX_VALUE)
                : PackedWeights.floats(arena, reduction, groupOc, matrix);
    }

    @Override
    protected String kernelName() {
        return groups[0].name(spec().src(), spec().weights(), "conv");
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        Operands kept = spare.getAndSet(null);
        Operands run = kept == null ? new Operands() : kept;
        run.operands.set(h, w, src, oh, ow, residual, dst);
        try {
            run.start(n * oh * ow);
        } finally {
            run.operands.clear();
            spare.set(run);
        }
    }

    /** A run, alone or shared; kept for the next one, so that runs allocate nothing. */
    private final class Operands {
        private final ConvRun operands = new ConvRun(spec());
        private final SharedRun[] shared = new SharedRun[groups.length];

        private Operands() {
            for (int group = 0; group < groups.length; group++) {
                shared[group] = new SharedRun(groups[group], pool) {
                    @Override
                    void bind(Scratch scratch) {
                        operands.bind(scratch);
                    }
                };
            }
        }

        private void start(long pixels) {
            if (parallelism().threads() > 1) {
                for (SharedRun group : shared) {
                    group.start(parallelism(), pixels);
                }
                return;
            }
            Scratch scratch = pool.take();
            operands.bind(scratch);
            for (Product group : groups) {
                group.runAll(scratch, pixels);
            }
            pool.give(scratch);
        }
    }
}
