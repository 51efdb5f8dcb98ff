package io.tersor.model.ops;

import io.tersor.tensor.Tensor;
import java.util.List;

/**
 * What an operator does for given input types: the types of its outputs, and a body that computes them.
 *
 * @param kind what the executor may take for granted
 * @param body reads contiguous inputs, writes contiguous outputs; an entry of an input left out is absent from the
 *     context and must not be read
 */
public record Computation(List<TensorType> outputs, Kind kind, Body body) {
    /** What the executor may take for granted about a computation. */
    public enum Kind {
        /** Nothing. */
        GENERAL,
        /** Each output element depends on the input elements of its own, possibly broadcast, index alone. */
        ELEMENTWISE,
        /** The only output has the first input's elements in the same order. */
        VIEW,
        /** The outputs depend on the inputs' types alone. */
        SHAPE_ONLY,
        /** Not even that the same inputs give the same outputs. */
        RANDOM,
        /** There is no body: only a kernel computes it. */
        KERNEL_ONLY
    }

    /** Computes outputs from inputs. Thread-safe. */
    @FunctionalInterface
    public interface Body {
        /** Computes outputs from inputs; neither array may be kept or changed. */
        void run(Tensor[] inputs, Tensor[] outputs);
    }

    /** Copies the types. */
    public Computation {
        outputs = List.copyOf(outputs);
    }

    /** Returns a computation of one output. */
    public static Computation of(TensorType output, Body body) {
        return new Computation(List.of(output), Kind.GENERAL, body);
    }

    /** Returns a computation of one output that the layout does not matter to. */
    public static Computation elementwise(TensorType output, Body body) {
        return new Computation(List.of(output), Kind.ELEMENTWISE, body);
    }

    /** Returns the computation of an operator that only kernels compute. */
    public static Computation kernelOnly(TensorType output) {
        return new Computation(List.of(output), Kind.KERNEL_ONLY, (_, _) -> {
            throw new IllegalStateException("runs as a kernel only");
        });
    }

    /** Returns a computation that only gives the first input another shape. */
    public static Computation view(TensorType output) {
        return new Computation(List.of(output), Kind.VIEW,
                (in, out) -> out[0].data().copyFrom(in[0].data()));
    }
}
