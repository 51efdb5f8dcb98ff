package io.tersor.model.exec;

import io.tersor.backend.scalar.ScalarBackend;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** The scalar backend, for tests that change something of it. */
class ScalarLike implements BackendProvider {
    private final ScalarBackend scalar = new ScalarBackend();

    @Override
    public Backend backend() {
        return Backend.SCALAR;
    }

    @Override
    public final BackendStatus status() {
        return scalar.status();
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return scalar.refusal(spec);
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return scalar.prepare(spec, weights, bias, options);
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return scalar.prepare(spec, weights, bias, options);
    }

    @Override
    public final Add prepare(AddSpec spec, Parallelism parallelism) {
        return scalar.prepare(spec, parallelism);
    }

    @Override
    public final Unary prepare(UnarySpec spec, Parallelism parallelism) {
        return scalar.prepare(spec, parallelism);
    }
}
