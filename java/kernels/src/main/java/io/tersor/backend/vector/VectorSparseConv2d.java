package io.tersor.backend.vector;

import static io.tersor.backend.vector.SparseSums.TILE;

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

/** Conv2d with sparse weights over {@link WindowPlanes}; parts of a run are blocks of outputs and of panels. */
final class VectorSparseConv2d extends Conv2d {
    private final ScratchPool pool;
    private final SparseSums[] groups;
    private final AtomicReference<Optional<Plan>> plans = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Shared> spare = new AtomicReference<>();

    /** What follows from an image's size: where pixels lie, and the weights that know it. Kept for the next image. */
    private record Plan(WindowPlanes planes, SparseSums[] groups) {}

    VectorSparseConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool) {
        super(spec, Backend.VECTOR, parallelism, Arena.ofShared());
        this.pool = pool;
        this.groups = new SparseSums[spec.groups()];
        int groupOc = spec.oc() / spec.groups();
        Epilogue epilogue = Epilogue.of(spec, bias);
        ConvWeights reader = new ConvWeights(spec, weights);
        for (int group = 0; group < groups.length; group++) {
            int first = group * groupOc;
            groups[group] = new SparseSums(pack(spec, groupOc, (row, column) -> reader.get(row, first + column)),
                    new TileStore(epilogue, Sums.of(spec), first, groupOc));
        }
    }

    /** Packs the weights of one group. */
    static SparseWeights pack(Conv2dSpec spec, int groupOc, PackedWeights.Matrix matrix) {
        int height = SparseSums.height(spec.sparsity().orElseThrow());
        int reduction = (int) spec.reduction();
        return spec.isInteger()
                ? SparseWeights.integers(reduction, groupOc, height, matrix,
                        PackedWeights.largestSource(spec.src(), spec.srcParams()))
                : SparseWeights.floats(reduction, groupOc, height, matrix);
    }

    @Override
    protected String kernelName() {
        return groups[0].name(spec().src(), spec().weights(), "conv");
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        Plan plan = plan(h, w, oh, ow);
        Shared kept = spare.getAndSet(null);
        Shared run = kept == null ? new Shared() : kept;
        run.operands.set(h, w, src, oh, ow, residual, dst);
        try {
            run.start(plan, n);
        } finally {
            run.operands.clear();
            spare.set(run);
        }
    }

    private Plan plan(long h, long w, long oh, long ow) {
        Optional<Plan> known = plans.get();
        if (known.isPresent() && known.get().planes.isFor(h, w)) {
            return known.get();
        }
        WindowPlanes planes = new WindowPlanes(spec(), h, w, oh, ow);
        SparseSums[] placed = new SparseSums[groups.length];
        for (int group = 0; group < placed.length; group++) {
            placed[group] = new SparseSums(groups[group].weights().at(planes::place), groups[group].store());
        }
        Plan plan = new Plan(planes, placed);
        plans.set(Optional.of(plan));
        return plan;
    }

    /** A run in parts: each one a block of an image's outputs, and some panels of all groups. */
    private final class Shared implements Parallelism.Part {
        private final ConvRun operands = new ConvRun(spec());
        private Plan plan = new Plan(new WindowPlanes(spec(), 1, 1, 1, 1), groups);
        private long blocks;
        private int partPanels;
        private int panelParts;

        private void start(Plan current, long images) {
            plan = current;
            blocks = Math.ceilDiv(plan.planes.positions(), (long) plan.planes.blockPositions());
            int panels = groups[0].weights().panels();
            int threads = parallelism().threads();
            panelParts = threads == 1 ? 1 : (int) Math.clamp(Math.ceilDiv(2L * threads, images * blocks), 1L,
                    (long) panels);
            partPanels = Math.ceilDiv(panels, panelParts);
            parallelism().run(images * blocks * panelParts, this);
        }

        @Override
        public void run(long part) {
            long block = part / panelParts;
            int panel = (int) (part % panelParts) * partPanels;
            Scratch scratch = pool.take();
            operands.bind(scratch);
            for (int group = 0; group < groups.length; group++) {
                block(scratch, plan, block / blocks, block % blocks * plan.planes.blockPositions(), group, panel,
                        Math.min(groups[0].weights().panels(), panel + partPanels));
            }
            pool.give(scratch);
        }
    }

    private static void block(Scratch scratch, Plan plan, long image, long position, int group, int panel,
            int endPanel) {
        WindowPlanes planes = plan.planes;
        SparseSums sums = plan.groups[group];
        MemorySegment pixels = planes.load(scratch, image, position, group);
        int positions = (int) Math.min(planes.blockPositions(), planes.positions() - position);
        for (int tile = 0; tile < positions; tile += TILE) {
            int count = Math.min(TILE, positions - tile);
            for (int p = panel; p < endPanel; p++) {
                sums.compute(scratch, pixels, (long) tile * Float.BYTES, count, p);
                planes.store(scratch, sums, image, position + tile, count, p);
            }
        }
    }
}
