package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.Bias;
import io.tersor.kernel.Conv2d;
import io.tersor.kernel.Conv2dSpec;
import io.tersor.kernel.MoveSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.Window;
import io.tersor.model.Node;
import io.tersor.model.StepInfo;
import io.tersor.model.ops.TensorType;
import io.tersor.model.ops.TransposedWindow;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Transposed convolutions of NHWC images as plain ones of stride 1, one for each phase: the pixels of the result whose
 * positions leave the same remainders when divided by the strides. Of each axis a phase sees every stride-th tap of the
 * kernel, in reverse order; the results of all phases are then interleaved. That takes the same products and no sums of
 * overlapping pieces. (Sub-pixel convolution; Shi et al. 2016, "Is the deconvolution layer the same as a convolutional
 * layer?")
 *
 * @param src [n, c, h, w]
 */
record TransposedPhases(TransposedWindow window, Shape src, Tensor weights, Optional<Tensor> bias) {
    private static final int MAX_PHASES = 16;
    /** Fewer channels of a group would leave the columns of tiles of products unused. */
    private static final int MIN_CHANNELS = 16;

    /**
     * What a phase sees along an axis.
     *
     * @param first the last tap in the kernel's order is this plus a multiple of the stride
     * @param taps how many
     */
    private record Side(int first, int taps, int padBefore, int padAfter) {
        static Side of(TransposedWindow window, Shape src, Shape weights, int axis, int phase) {
            long stride = window.strides()[axis];
            long shifted = phase + window.before()[axis];
            long first = shifted % stride;
            long taps = Math.ceilDiv(weights.dim(axis + 2) - first, stride);
            long outputs = window.out().dim(axis + 2) / stride;
            return new Side((int) first, (int) taps, (int) (taps - 1 - shifted / stride),
                    (int) (outputs + shifted / stride - src.dim(axis + 2)));
        }

        boolean fits() {
            return taps > 0 && padBefore >= 0 && padAfter >= 0;
        }
    }

    private int stride(int axis) {
        return (int) window.strides()[axis];
    }

    private Side side(int axis, int phase) {
        return Side.of(window, src, weights.shape(), axis, phase);
    }

    /** Returns whether each phase is a convolution, and that is as fast. */
    boolean fits() {
        boolean depthwise = window.groups() > 1 && window.groups() == src.dim(1);
        boolean fits = window.strides()[0] * window.strides()[1] <= MAX_PHASES
                && (weights.shape().dim(1) >= MIN_CHANNELS || depthwise);
        for (int axis = 0; axis < 2 && fits; axis++) {
            fits = window.dilations()[axis] == 1 && window.before()[axis] >= 0
                    && window.out().dim(axis + 2) % window.strides()[axis] == 0;
            for (int phase = 0; fits && phase < window.strides()[axis]; phase++) {
                fits = side(axis, phase).fits();
            }
        }
        return fits;
    }

    /** Returns the weights of a phase, [oc, ic / groups, taps, taps]. */
    private Tensor taps(Side y, Side x) {
        float[] from = weights.toFloats();
        int perGroup = (int) weights.shape().dim(1);
        int kh = (int) weights.shape().dim(2);
        int kw = (int) weights.shape().dim(3);
        int groups = (int) window.groups();
        int inputs = (int) src.dim(1) / groups;
        float[] to = new float[groups * perGroup * inputs * y.taps * x.taps];
        int at = 0;
        for (int o = 0; o < groups * perGroup; o++) {
            for (int c = 0; c < inputs; c++) {
                int plane = ((o / perGroup * inputs + c) * perGroup + o % perGroup) * kh;
                for (int i = y.taps - 1; i >= 0; i--) {
                    for (int j = x.taps - 1; j >= 0; j--) {
                        to[at++] = from[(plane + y.first + i * stride(0)) * kw + x.first + j * stride(1)];
                    }
                }
            }
        }
        return Tensor.ofFloats(Arena.ofAuto(), Shape.of((long) groups * perGroup, inputs, y.taps, x.taps), to);
    }

    private Pending<Conv2d> phase(Node node, Lowering lowering, int phaseY, int phaseX) {
        Side y = side(0, phaseY);
        Side x = side(1, phaseX);
        Window taps = Window.of(y.taps, x.taps).padding(y.padBefore, x.padBefore, y.padAfter, x.padAfter);
        Conv2dSpec spec = new Conv2dSpec(DataType.F32, DataType.F32, DataType.F32, (int) src.dim(1),
                (int) window.out().dim(1), taps, (int) window.groups(), QuantParams.IDENTITY, QuantParams.IDENTITY,
                QuantParams.IDENTITY, bias.isPresent() ? Bias.F32 : Bias.NONE, Activation.NONE);
        // Phases may have the same spec, but not the same weights: kernels are known by node and spec.
        Node named = Node.of(node.name() + "/phase_" + phaseY + "_" + phaseX, node.operator(), node.inputs(),
                node.outputs(), node.attributes());
        long rows = Math.max(1,
                window.out().dim(0) * window.out().dim(2) * window.out().dim(3) / stride(0) / stride(1));
        List<String> constants = new ArrayList<>(List.of(node.inputs().get(1)));
        node.input(2).ifPresent(constants::add);
        return lowering.kernels.conv(named, spec, rows, () -> taps(y, x), () -> bias, constants, lowering.packing);
    }

    /** Adds the step, and returns whether there was a kernel for all of it. */
    boolean lower(Node node, Lowering lowering, Optional<String> note) {
        Shape out = window.out();
        int phases = stride(0) * stride(1);
        Shape one = Shape.of(out.dim(0), out.dim(2) / stride(0), out.dim(3) / stride(1), out.dim(1));
        Shape all = Shape.of(phases * one.dim(0), one.dim(1), one.dim(2), one.dim(3));
        TensorType result = new TensorType(DataType.F32, Shape.of(out.dim(0), out.dim(2), out.dim(3), out.dim(1)));
        long pixel = out.dim(1);
        MoveSpec interleaving = new MoveSpec(DataType.F32, all, result.shape(), 0,
                Shape.of(one.dim(0) * one.dim(1), stride(0), one.dim(2), stride(1), pixel),
                List.of(one.dim(2) * pixel, stride(1) * one.elements(), pixel, one.elements(), 1L));
        Optional<Unary> move = lowering.kernels.move(node, interleaving, lowering.packing);
        if (move.isEmpty()) {
            return false;
        }
        List<Pending<Conv2d>> convolutions = new ArrayList<>();
        for (int phase = 0; phase < phases; phase++) {
            convolutions.add(phase(node, lowering, phase / stride(1), phase % stride(1)));
        }
        int from = lowering.nhwc(node.inputs().getFirst(), node.name());
        int to = lowering.plan.planned(result);
        int parts = lowering.plan.planned(new TensorType(DataType.F32, all));
        lowering.plan.step(() -> new Step(new StepInfo(node.name(), node.operator(), describe(convolutions, move.get()),
                result.type(), result.shape(), note), new int[] {from}, new int[] {to, parts}, -1, (in, outputs) -> {
                    long bytes = one.elements() * Float.BYTES;
                    for (int phase = 0; phase < phases; phase++) {
                        Tensor part = Tensor.wrap(outputs[1].data().asSlice(phase * bytes, bytes), DataType.F32, one);
                        convolutions.get(phase).get().run(in[0], part);
                    }
                    move.get().run(outputs[1], outputs[0]);
                }));
        lowering.defineNhwc(node.output(), to);
        return true;
    }

    private static String describe(List<Pending<Conv2d>> convolutions, Unary move) {
        return convolutions.stream().map(kernel -> kernel.get().describe()).distinct()
                .collect(Collectors.joining(" + ")) + " x" + convolutions.size() + " + " + move.describe();
    }
}
