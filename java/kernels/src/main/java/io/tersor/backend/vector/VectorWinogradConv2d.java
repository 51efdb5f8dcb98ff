package io.tersor.backend.vector;

import static io.tersor.backend.vector.Lanes.F;
import static io.tersor.backend.vector.Lanes.MR;
import static io.tersor.backend.vector.Lanes.NR;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.Window;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Conv2d of integers with a dense 3x3 window and stride 1 by the minimal filtering algorithm F(2x2, 3x3), with 16
 * multiplications instead of 36 for four output pixels (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin
 * and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015). All its values are integers that binary32 or
 * int32 holds, so that results are the same as those of the plain sums.
 *
 * <p>Patches of 4x4 pixels, two apart, are transformed for a block of tiles of 2x2 output pixels; for each panel of
 * output channels the 16 products of the block follow, and the transformation of their sums back.
 */
final class VectorWinogradConv2d extends Conv2d {
    private static final int EXTENT = WinogradWeights.EXTENT;
    private static final int PLACES = WinogradWeights.PLACES;

    /** Output pixels of a tile in each direction. */
    private static final int STEP = 2;

    /** Floats of a transformed block at most, so that it stays in a usual L2 cache. */
    private static final int BLOCK_FLOATS = 53 * PLACES * 256;

    /** Tiles of a block at most. */
    private static final int TILES = 96;

    /** Fewer channels do not pay for the transformations. */
    private static final int MIN_CHANNELS = 16;

    /** Larger weights take longer to be read, 16/9 of what they were, than the multiplications saved (Zen 5). */
    private static final long MAX_WEIGHTS = 1 << 17;

    private final ScratchPool pool;
    private final PackedWeights[] weights;
    private final TileStore store;
    // Floats from one pixel's or place's channels to the next.
    private final int pitch;
    // Places that share a packed row, and groups of such rows.
    private final int placesPerRow;
    private final int groups;
    private final int blockTiles;
    private final AtomicReference<Shared> spare = new AtomicReference<>();

    VectorWinogradConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool) {
        this(spec, weights, bias, parallelism, pool, Arena.ofShared());
    }

    private VectorWinogradConv2d(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism,
            ScratchPool pool, Arena arena) {
        super(spec, Backend.VECTOR, parallelism, arena);
        this.pool = pool;
        this.weights = WinogradWeights.pack(arena, spec, weights);
        this.store = new TileStore(Epilogue.of(spec, bias), Sums.of(spec), 0, spec.oc());
        this.pitch = Math.ceilDiv(spec.ic(), F) * F;
        this.placesPerRow = Math.min(PLACES, MicroKernels.LDA / pitch);
        this.groups = Math.ceilDiv(PLACES, placesPerRow);
        this.blockTiles = Math.clamp(BLOCK_FLOATS / (PLACES * pitch), MR, TILES);
    }

    /** Returns whether this class runs a spec: four times the sums must fit int32. */
    static boolean serves(Conv2dSpec spec) {
        Window window = spec.window();
        return spec.isInteger() && spec.groups() == 1 && window.kh() == 3 && window.kw() == 3 && window.hasUnitSteps()
                && Math.min(spec.ic(), spec.oc()) >= MIN_CHANNELS
                && (long) spec.ic() * spec.oc() <= MAX_WEIGHTS && spec.ic() <= MicroKernels.KC
                && 4 * spec.reduction() * 255 * 255 <= Integer.MAX_VALUE;
    }

    @Override
    protected String kernelName() {
        return Gemm.kernelName(spec().src(), spec().weights(), "winograd");
    }

    @Override
    protected void execute(long n, long h, long w, MemorySegment src, long oh, long ow, MemorySegment residual,
            MemorySegment dst) {
        Shared kept = spare.getAndSet(null);
        Shared run = kept == null ? new Shared() : kept;
        run.operands.set(h, w, src, oh, ow, residual, dst);
        try {
            run.start(n * Math.ceilDiv(oh, STEP) * Math.ceilDiv(ow, STEP));
        } finally {
            run.operands.clear();
            spare.set(run);
        }
    }

    /** A run in parts of tiles and panels. */
    private final class Shared implements Parallelism.Part {
        private final ConvRun operands = new ConvRun(spec());
        private long tiles;
        private int partTiles;
        private int partPanels;
        private int panelParts;

        private void start(long allTiles) {
            int threads = parallelism().threads();
            int panels = weights[0].panels();
            tiles = allTiles;
            partTiles = blockTiles;
            partPanels = panels;
            if (threads > 1) {
                partTiles = Math.clamp(Math.ceilDiv(Math.ceilDiv(tiles, 2L * threads), MR) * MR, MR, blockTiles);
                long split = Math.ceilDiv(2L * threads, Math.ceilDiv(tiles, (long) partTiles));
                partPanels = Math.clamp(Math.ceilDiv(panels, split), 1, panels);
            }
            panelParts = Math.ceilDiv(panels, partPanels);
            parallelism().run(Math.ceilDiv(tiles, (long) partTiles) * panelParts, this);
        }

        @Override
        public void run(long part) {
            long first = part / panelParts * partTiles;
            int panel = (int) (part % panelParts) * partPanels;
            Scratch scratch = pool.take();
            operands.bind(scratch);
            block(scratch, first, (int) Math.min(partTiles, tiles - first), panel,
                    Math.min(weights[0].panels(), panel + partPanels));
            pool.give(scratch);
        }
    }

    /** Computes tiles [first, first + count) of panels [panel, endPanel). */
    private void block(Scratch scratch, long first, int count, int panel, int endPanel) {
        // A micro-kernel may compute rows that nobody keeps.
        int rows = count + MR;
        scratch.growSums(groups * rows * MicroKernels.LDA);
        scratch.growAccumulators(PLACES * rows * NR);
        long columns = Math.ceilDiv(scratch.ow, STEP);
        int longest = (scratch.a.length / (EXTENT * pitch) - STEP) / STEP;
        int segment;
        for (int tile = 0; tile < count; tile += segment) {
            segment = (int) Math.min(Math.min(count - tile, longest), columns - (first + tile) % columns);
            loadBand(scratch, first + tile, segment);
            transform(scratch, tile, segment, rows);
        }
        for (int p = panel; p < endPanel; p++) {
            for (int place = 0; place < PLACES; place++) {
                multiply(scratch, place, p, count, rows);
            }
            for (int tile = 0; tile < count; tile += segment) {
                segment = (int) Math.min(Math.min(count - tile, MR / STEP), columns - (first + tile) % columns);
                store(scratch, first + tile, tile, segment, rows, p);
            }
        }
    }

    /** Turns the four image lines that a line of tiles needs into floats, transformed down their columns. */
    private void loadBand(Scratch scratch, long tile, int count) {
        long columns = Math.ceilDiv(scratch.ow, STEP);
        long lines = Math.ceilDiv(scratch.oh, STEP);
        long x = tile % columns * STEP - spec().window().padLeft();
        long y = tile / columns % lines * STEP - spec().window().padTop();
        long image = tile / columns / lines;
        int pixels = (count + 1) * STEP;
        int length = pixels * pitch;
        for (int line = 0; line < EXTENT; line++) {
            boolean inside = y + line >= 0 && y + line < scratch.h;
            loadLine(scratch, (image * scratch.h + y + line) * scratch.w, x, inside ? pixels : 0, line * length,
                    length);
        }
        Winograd.down(scratch.a, length);
    }

    /** Loads pixels from column x of the line that starts at a pixel of src, zeros where there is no image. */
    private void loadLine(Scratch scratch, long start, long x, int pixels, int at, int length) {
        int from = (int) Math.clamp(-x, 0, (long) pixels);
        int until = (int) Math.clamp(scratch.w - x, (long) from, (long) pixels);
        int ic = spec().ic();
        Arrays.fill(scratch.a, at, at + from * pitch, 0f);
        Arrays.fill(scratch.a, at + until * pitch, at + length, 0f);
        int zeroPoint = spec().srcParams().zeroPoint();
        if (pitch == ic && until > from) {
            Runs.load(spec().src(), scratch.src, (start + x + from) * ic, zeroPoint, scratch.a, at + from * pitch,
                    (until - from) * ic);
            return;
        }
        for (int pixel = from; pixel < until; pixel++) {
            Runs.load(spec().src(), scratch.src, (start + x + pixel) * ic, zeroPoint, scratch.a, at + pixel * pitch,
                    ic);
        }
    }

    /** Transforms the lines of the band along, into the packed rows of the tiles from {@code tile} on. */
    private void transform(Scratch scratch, int tile, int count, int rows) {
        int length = (count + 1) * STEP * pitch;
        for (int line = 0; line < EXTENT; line++) {
            for (int i = 0; i < count; i++) {
                int from = line * length + i * STEP * pitch;
                int place = line * EXTENT;
                Winograd.along(scratch.a, from, pitch, scratch.sums, at(place, tile + i, rows),
                        at(place + 1, tile + i, rows), at(place + 2, tile + i, rows), at(place + 3, tile + i, rows));
            }
        }
    }

    /** Returns where a tile's channels of a place are packed. */
    private int at(int place, int tile, int rows) {
        return (place / placesPerRow * rows + tile) * MicroKernels.LDA + place % placesPerRow * pitch;
    }

    /** Multiplies one place of all tiles with a panel, into int32 sums. */
    private void multiply(Scratch scratch, int place, int panel, int count, int rows) {
        PackedWeights matrix = weights[place];
        int height;
        for (int tile = 0; tile < count; tile += height) {
            height = Gemm.height(count - tile, matrix.bytes());
            int kept = Math.min(height, count - tile);
            int sum = (place * rows + tile) * NR;
            for (int block = 0; block < matrix.blocks(); block++) {
                int first = at(place, tile, rows) + block * matrix.block();
                Gemm.multiply(matrix, height, scratch.sums, first, panel, block, scratch.tile);
                TileStore.fold(scratch.tile, kept, scratch.accumulators, sum, block == 0);
            }
        }
    }

    /** Stores the two lines of output pixels of neighbouring tiles. */
    private void store(Scratch scratch, long tile, int slot, int count, int rows, int panel) {
        long columns = Math.ceilDiv(scratch.ow, STEP);
        long lines = Math.ceilDiv(scratch.oh, STEP);
        long x = tile % columns * STEP;
        long y = tile / columns % lines * STEP;
        long image = tile / columns / lines;
        int kept = (int) Math.min((long) count * STEP, scratch.ow - x);
        for (int line = 0; line < Math.min(STEP, scratch.oh - y); line++) {
            for (int i = 0; i < count; i++) {
                Winograd.back(scratch.accumulators, (slot + i) * NR, rows * NR, line == 1, scratch.ints, i * STEP * NR);
            }
            Arrays.fill(scratch.tile, 0f);
            store.storeIntegers(scratch, 0, scratch.ints, 0, (image * scratch.oh + y + line) * scratch.ow + x, 0, kept,
                    panel);
        }
    }
}
