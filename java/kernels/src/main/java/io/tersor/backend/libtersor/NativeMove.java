package io.tersor.backend.libtersor;

import io.tersor.kernel.Backend;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PlaceSpec;
import io.tersor.kernel.TransposeSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/** Moves, parts and transposes by tersor_move; threads share the longest of the outer axes. */
final class NativeMove extends Unary {
    private final NativeContext context;
    // What the shape of the last run amounts to: it is the next one's as a rule.
    private volatile Optional<Known> known = Optional.empty();

    private record Known(Shape src, MoveGeometry geometry) {}

    NativeMove(NativeContext context, UnarySpec spec, Parallelism parallelism) {
        super(spec, Backend.NATIVE, parallelism, Arena.ofShared());
        this.context = context;
    }

    static Optional<String> refusal(KernelSpec spec) {
        return spec instanceof MoveSpec move && move.dims().rank() > MoveGeometry.MAX_RANK
                ? Optional.of("moves of more than " + MoveGeometry.MAX_RANK + " axes") : Optional.empty();
    }

    @Override
    protected String kernelName() {
        return spec().name();
    }

    private MoveGeometry geometry(Shape src) {
        int bytes = spec().srcType().bits() / 8;
        int threads = parallelism().threads();
        if (spec() instanceof MoveSpec move) {
            return MoveGeometry.of(bytes, threads, move.dims().dims(), move.offset(),
                    move.strides().stream().mapToLong(Long::longValue).toArray(), 0, move.dims().rowMajorStrides());
        }
        if (spec() instanceof PlaceSpec place) {
            return MoveGeometry.of(bytes, threads, new long[] {place.runs(), place.length()}, 0,
                    new long[] {place.length(), 1}, place.offset(), new long[] {place.pitch(), 1});
        }
        if (!(spec() instanceof TransposeSpec)) {
            throw new IllegalStateException("not a move: " + spec());
        }
        long rows = src.dim(1);
        long columns = src.dim(2);
        return MoveGeometry.of(bytes, threads, new long[] {src.dim(0), columns, rows}, 0,
                new long[] {rows * columns, 1, columns}, 0, new long[] {rows * columns, rows, 1});
    }

    @Override
    protected void execute(Tensor src, Tensor dst) {
        Optional<Known> last = known;
        if (last.isEmpty() || last.get().src != src.shape()) {
            last = Optional.of(new Known(src.shape(), geometry(src.shape())));
            known = last;
        }
        long elements = dst.shape().elements();
        long moved = spec() instanceof PlaceSpec ? src.shape().elements() : elements;
        last.get().geometry.run(context, parallelism(), moved * (spec().srcType().bits() / 8),
                src.shape().elements(), src.data(), elements, dst.data());
    }
}
