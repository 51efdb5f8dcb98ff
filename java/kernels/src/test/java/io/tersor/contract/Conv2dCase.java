package io.tersor.contract;

import io.tersor.kernel.Backend;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Window;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** One convolution. */
final class Conv2dCase implements ContractCase {
    private final String id;
    private final Conv2dSpec spec;
    private final Shape srcShape;
    private final boolean weightsLastChannel;
    private final boolean inPlace;
    private final double[] src;
    private final double[] weights;
    private final double[] bias;
    private final double[] residual;
    private final int threads;
    private final boolean normwise;
    private Optional<Expected> expected = Optional.empty();

    /**
     * @param srcShape [n, h, w, ic]
     * @param weightsLastChannel whether the weights lie in memory as [oc, kh, kw, ic / groups]
     * @param inPlace whether the residual is the memory of dst
     * @param src row-major values
     * @param weights row-major values [oc, ic / groups, kh, kw]
     * @param residual of dst's shape or empty
     */
    Conv2dCase(String id, Conv2dSpec spec, Shape srcShape, boolean weightsLastChannel, boolean inPlace, double[] src,
            double[] weights, double[] bias, double[] residual, int threads) {
        this(id, spec, srcShape, weightsLastChannel, inPlace, src, weights, bias, residual, threads, false);
    }

    private Conv2dCase(String id, Conv2dSpec spec, Shape srcShape, boolean weightsLastChannel, boolean inPlace,
            double[] src, double[] weights, double[] bias, double[] residual, int threads, boolean normwise) {
        this.id = id;
        this.spec = spec;
        this.srcShape = srcShape;
        this.weightsLastChannel = weightsLastChannel;
        this.inPlace = inPlace;
        this.src = src;
        this.weights = weights;
        this.bias = bias;
        this.residual = residual;
        this.threads = threads;
        this.normwise = normwise;
    }

    /** Returns this case with errors that norms may bound. */
    Conv2dCase normwise() {
        return new Conv2dCase("normwise-" + id, spec, srcShape, weightsLastChannel, inPlace, src, weights, bias,
                residual, threads, true);
    }

    /** Returns this case with weights of which only some are kept. */
    Conv2dCase sparse(SparseFormat format, Zeros zeros) {
        double[] kept = weights.clone();
        boolean[] pattern = zeros.kept(format, spec.weightsShape(), id.hashCode());
        for (int i = 0; i < kept.length; i++) {
            kept[i] *= pattern[i] ? 1 : 0;
        }
        return new Conv2dCase(id, spec.with(Optional.of(format)), srcShape, weightsLastChannel, inPlace, src, kept,
                bias, residual, threads);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Conv2dSpec spec() {
        return spec;
    }

    @Override
    public int threads() {
        return threads;
    }

    @Override
    public String operands() {
        return "src " + srcShape + (weightsLastChannel ? ", weights permuted" : "")
                + (inPlace ? ", residual is dst" : "") + (normwise ? ", errors bounded by norms" : "");
    }

    @Override
    public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
        Shape shape = spec.weightsShape();
        Tensor w = weightsLastChannel
                ? arena.tensor(spec.weights(), Shape.of(shape.dim(0), shape.dim(2), shape.dim(3), shape.dim(1)))
                        .permute(0, 3, 1, 2)
                : arena.tensor(spec.weights(), shape);
        GuardedArena.fill(w, weights);
        Optional<Tensor> b = spec.bias() == Bias.NONE ? Optional.empty()
                : Optional.of(arena.tensor(spec.bias().type(), Shape.of(spec.oc()), bias));
        Tensor a = arena.tensor(spec.src(), srcShape, src);
        Optional<Tensor> separate = spec.residual().filter(_ -> !inPlace)
                .map(added -> arena.tensor(added.type(), spec.dstShape(srcShape), residual));
        arena.seal();
        Tensor dst = arena.tensor(spec.dst(), spec.dstShape(srcShape));
        if (inPlace) {
            GuardedArena.fill(dst, residual);
        }
        PrepareOptions options = candidate.options(parallelism);
        try (Conv2d kernel = candidate.registry().prepare(spec, w, b, normwise ? options.normwiseErrors() : options)) {
            if (spec.residual().isPresent()) {
                kernel.run(a, separate.orElse(dst), dst);
            } else {
                kernel.run(a, dst);
            }
        }
        check(dst, candidate.backend());
    }

    private void check(Tensor dst, Backend backend) {
        if (expected.isEmpty()) {
            expected = Optional.of(compute(dst.shape()));
        }
        expected.get().check(dst, backend);
    }

    private Expected compute(Shape dst) {
        ProductOracle oracle = ProductOracle.of(spec, bias);
        double norms = normwise ? norms() : 0;
        double[] values = new double[(int) dst.elements()];
        double[] tolerances = new double[values.length];
        int at = 0;
        for (int image = 0; image < dst.dim(0); image++) {
            for (int y = 0; y < dst.dim(1); y++) {
                for (int x = 0; x < dst.dim(2); x++) {
                    for (int oc = 0; oc < spec.oc(); oc++, at++) {
                        sum(oracle, image, y, x, oc, norms, values, tolerances, at);
                    }
                }
            }
        }
        return spec.isInteger() ? Expected.exactButOnednnWithin(values, tolerances)
                : Expected.within(values, tolerances);
    }

    /**
     * Returns an error bound of products of spectra, as the magnitude whose direct sum has it: log2(p) * 2^-22 * |x| *
     * |w| for tiles of p = 2^14 pixels, with the Euclidean norm of the weights. Their random values have no frequency
     * that is much stronger than others, which the bound of {@link PrepareOptions#normwiseErrors()} has to allow for.
     */
    private double norms() {
        int groupTaps = (int) spec.reduction();
        double[] images = new double[spec.ic()];
        for (int i = 0; i < src.length; i++) {
            images[i % spec.ic()] += Double.isFinite(src[i]) ? src[i] * src[i] : 0;
        }
        double[] kernels = new double[spec.oc()];
        for (int i = 0; i < weights.length; i++) {
            kernels[i / groupTaps] += weights[i] * weights[i];
        }
        double pair = Math.sqrt(2 * Arrays.stream(images).max().orElse(0) * Arrays.stream(kernels).max().orElse(0));
        return 14 * 0x1p-22 * pair / (groupTaps * 0x1p-23);
    }

    private void sum(ProductOracle oracle, int image, int y, int x, int oc, double norms, double[] values,
            double[] tolerances, int at) {
        Window window = spec.window();
        int groupIc = spec.ic() / spec.groups();
        int firstIc = oc / (spec.oc() / spec.groups()) * groupIc;
        long srcZero = spec.srcParams().zeroPoint();
        long weightsZero = spec.weightsParams().zeroPoint(oc);
        long integers = 0;
        double reals = 0;
        double magnitude = 0;
        for (int ky = 0; ky < window.kh(); ky++) {
            for (int kx = 0; kx < window.kw(); kx++) {
                int row = y * window.strideH() - window.padTop() + ky * window.dilationH();
                int column = x * window.strideW() - window.padLeft() + kx * window.dilationW();
                boolean inside = row >= 0 && row < srcShape.dim(1) && column >= 0 && column < srcShape.dim(2);
                for (int ic = 0; inside && ic < groupIc; ic++) {
                    double a = src[(int) (((image * srcShape.dim(1) + row) * srcShape.dim(2) + column) * spec.ic())
                            + firstIc + ic];
                    double b = weights[((oc * groupIc + ic) * window.kh() + ky) * window.kw() + kx];
                    integers += spec.isInteger() ? ((long) a - srcZero) * ((long) b - weightsZero) : 0;
                    reals += a * b;
                    magnitude += Math.abs(a * b);
                }
            }
        }
        double added = spec.residual().isPresent() ? residual[at] : 0;
        values[at] = spec.isInteger() ? oracle.integer(integers, 1, oc, added) : oracle.real(reals, oc, added);
        tolerances[at] = spec.isInteger() ? oracle.onednnTolerance(integers, 1, oc, added)
                : oracle.realTolerance(spec.reduction(), reals, Math.max(magnitude, norms), oc, added, false);
    }
}
