package io.tersor.backend.onednn;

import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.Backend;
import io.tersor.kernel.BackendProvider;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.DynamicQuantizerSpec;
import io.tersor.kernel.InterpolateSpec;
import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.LayerNormSpec;
import io.tersor.kernel.MatMul;
import io.tersor.kernel.MatMulSpec;
import io.tersor.kernel.MatrixProductSpec;
import io.tersor.kernel.Parallelism;
import io.tersor.kernel.PrepareOptions;
import io.tersor.kernel.RecurrentCellSpec;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.tensor.Tensor;
import java.util.Optional;

/** The kernels that run on oneDNN. */
public final class OnednnBackend implements BackendProvider {
    /** For {@link java.util.ServiceLoader}. */
    public OnednnBackend() {
    }

    @Override
    public Backend backend() {
        return Backend.ONEDNN;
    }

    @Override
    public BackendStatus status() {
        return Onednn.find().<BackendStatus>map(library -> new BackendStatus.Available(Backend.ONEDNN,
                library.version(), library.isaName(), library.file()))
                .orElseGet(() -> new BackendStatus.Missing(Backend.ONEDNN, Onednn.missing()));
    }

    @Override
    public Optional<String> refusal(KernelSpec spec) {
        return switch (spec) {
            case MatMulSpec matMul when matMul.sparsity().isPresent() -> Optional.of("sparse weights");
            case Conv2dSpec conv when conv.sparsity().isPresent() -> Optional.of("sparse weights");
            case MatMulSpec matMul -> inexact(matMul.isInteger()).or(() -> OnednnMatMul.refusal(matMul));
            case Conv2dSpec conv -> inexact(conv.isInteger()).or(() -> OnednnConv2d.refusal(conv));
            case AddSpec add -> OnednnAdd.refusal(add);
            case UnarySpec unary -> UnaryOperation.refusal(unary);
            case LayerNormSpec _, MatrixProductSpec _, AttentionSpec _, BinarySpec _, SelectSpec _, InterpolateSpec _,
                    RecurrentCellSpec _,
                    DynamicQuantizerSpec _ ->
                    Optional.of("not implemented by this backend");
        };
    }

    private static Optional<String> inexact(boolean integer) {
        return integer && !Onednn.get().sumsBytesExactly()
                ? Optional.of("its INT8 sums are not exact on " + Onednn.get().isaName() + ", only with VNNI")
                : Optional.empty();
    }

    @Override
    public Optional<String> refusal(MatMulSpec spec, Optional<Tensor> bias) {
        return OnednnMatMul.refusal(spec, bias);
    }

    @Override
    public Optional<String> refusal(Conv2dSpec spec, Optional<Tensor> bias) {
        return OnednnConv2d.refusal(spec, bias);
    }

    @Override
    public MatMul prepare(MatMulSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return OnednnMatMul.prepare(spec, weights, bias, options);
    }

    @Override
    public Conv2d prepare(Conv2dSpec spec, Tensor weights, Optional<Tensor> bias, PrepareOptions options) {
        return OnednnConv2d.prepare(spec, weights, bias, options.parallelism());
    }

    @Override
    public Add prepare(AddSpec spec, Parallelism parallelism) {
        return OnednnAdd.prepare(spec, parallelism);
    }

    @Override
    public Unary prepare(UnarySpec spec, Parallelism parallelism) {
        return OnednnUnary.prepare(spec, UnaryOperation.of(spec), parallelism);
    }
}
