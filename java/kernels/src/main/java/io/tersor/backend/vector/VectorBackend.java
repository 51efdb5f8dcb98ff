package io.tersor.backend.vector;

import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/**
 * The Vector API backend. Links to nothing of {@code jdk.incubator.vector} itself, so that it can say what is missing
 * on a JVM that was started without it.
 */
public final class VectorBackend implements BackendProvider {
    private static final String MODULE = "jdk.incubator.vector";
    private static final long MAX_WEIGHTS = Integer.MAX_VALUE - 8;

    private final boolean present = ModuleLayer.boot().findModule(MODULE).isPresent();
    private final ScratchPool pool = new ScratchPool();

    /** For {@link java.util.ServiceLoader}. */
    public VectorBackend() {}

    @Override
    public Backend backend() {
        return Backend.VECTOR;
    }

    @Override
    public BackendStatus status() {
        return present
                ? new BackendStatus.Available(Backend.VECTOR, "Java " + Runtime.version(), Lanes.isa(), MODULE)
                : new BackendStatus.Missing(Backend.VECTOR,
                        "SIMD kernels in Java are off; start java with --add-modules " + MODULE);
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec matMul when matMul.k() * matMul.n() > MAX_WEIGHTS -> Optional.of("more than 2^31 weights");
            case Conv2dSpec conv when conv.reduction() * conv.oc() > MAX_WEIGHTS ->
                    Optional.of("more than 2^31 weights");
            case MatMulSpec _, Conv2dSpec _ -> Optional.empty();
            default -> Optional.of("not implemented by this backend");
        };
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        return new VectorMatMul(spec, weights, bias, parallelism, pool);
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, Parallelism parallelism) {
        return VectorDepthwiseConv2d.serves(spec) ? new VectorDepthwiseConv2d(spec, weights, bias, parallelism, pool)
                : new VectorConv2d(spec, weights, bias, parallelism, pool);
    }
}
