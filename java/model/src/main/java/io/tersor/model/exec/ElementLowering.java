package io.tersor.model.exec;

import io.tersor.kernel.Activation;
import io.tersor.kernel.ActivationFunction;
import io.tersor.kernel.ActivationSpec;
import io.tersor.kernel.Add;
import io.tersor.kernel.AddSpec;
import io.tersor.kernel.Binary;
import io.tersor.kernel.BinarySpec;
import io.tersor.kernel.BinarySpec.Operation;
import io.tersor.kernel.CastSpec;
import io.tersor.kernel.DequantizeSpec;
import io.tersor.kernel.LookupSpec;
import io.tersor.kernel.MapFunction;
import io.tersor.kernel.MapSpec;
import io.tersor.kernel.QuantizeSpec;
import io.tersor.kernel.RequantizeSpec;
import io.tersor.kernel.Select;
import io.tersor.kernel.SelectSpec;
import io.tersor.kernel.Unary;
import io.tersor.kernel.UnarySpec;
import io.tersor.model.Node;
import io.tersor.model.ops.MapNodes;
import io.tersor.model.ops.Shapes;
import io.tersor.model.ops.TensorType;
import io.tersor.quant.QuantParams;
import io.tersor.quant.Rounding;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Optional;

/** Sums, activations, functions and conversions; all in the layout in which their operands lie. */
final class ElementLowering {
    private ElementLowering() {}

    static void register(Map<String, KernelLowering> table) {
        table.put("Add", (node, lowering) -> sum(node, lowering, Optional.of(AddSpec.f32(Activation.NONE)), 1)
                || broadcast(node, lowering, Operation.ADD));
        table.put("Sub", (node, lowering) -> broadcast(node, lowering, Operation.SUB));
        table.put("Mul", (node, lowering) -> broadcast(node, lowering, Operation.MUL));
        table.put("Div", (node, lowering) -> broadcast(node, lowering, Operation.DIV));
        table.put("PRelu", (node, lowering) -> broadcast(node, lowering, Operation.PRELU));
        table.put("Mod", (node, lowering) -> broadcast(node, lowering,
                node.attributes().integer("fmod", 0) == 1 ? Operation.FMOD : Operation.MOD));
        table.put("Pow", (node, lowering) -> power(node, lowering) || broadcast(node, lowering, Operation.POW));
        table.put("Equal", (node, lowering) -> broadcast(node, lowering, Operation.EQUAL));
        table.put("Less", (node, lowering) -> broadcast(node, lowering, Operation.LESS));
        table.put("LessOrEqual", (node, lowering) -> broadcast(node, lowering, Operation.LESS_OR_EQUAL));
        table.put("Greater", (node, lowering) -> broadcast(node, lowering, Operation.GREATER));
        table.put("GreaterOrEqual", (node, lowering) -> broadcast(node, lowering, Operation.GREATER_OR_EQUAL));
        table.put(Node.INTERNAL + ".Add", (node, lowering) ->
                sum(node, lowering, Optional.of(AddSpec.f32(NodeParams.activation(node))), 1)
                || broadcast(node, lowering, Operation.ADD));
        table.put(Node.INTERNAL + ".QAdd", (node, lowering) -> sum(node, lowering, quantizedSum(node, lowering), 3));
        table.put(Node.INTERNAL + ".QMul", ElementLowering::quantizedProduct);
        table.put("Relu", (node, lowering) -> activation(node, lowering, Activation.RELU));
        MapNodes.NAMES.forEach(name -> table.put(name, ElementLowering::map));
        table.put("Gelu", ElementLowering::function);
        table.put("Swish", (node, lowering) -> function(node, lowering) || map(node, lowering));
        table.put("SwiGLU", ElementLowering::swiglu);
        table.put("HardSwish", ElementLowering::function);
        table.put("Clip", (node, lowering) -> clip(node, lowering) || MaskLowering.clip(node, lowering));
        table.put(Node.INTERNAL + ".QClip", ElementLowering::quantizedClip);
        table.put(Node.INTERNAL + ".Requantize", (node, lowering) ->
                requantize(node, lowering).map(spec -> unary(node, lowering, spec)).orElse(false));
        table.put(Node.INTERNAL + ".Lookup", ElementLowering::lookup);
        table.put("QuantizeLinear", ElementLowering::quantize);
        table.put("DequantizeLinear", ElementLowering::dequantize);
        table.put("Cast", ElementLowering::cast);
        table.put("CastLike", ElementLowering::cast);
        table.put("Where", ElementLowering::where);
    }

    private static boolean sum(Node node, Lowering lowering, Optional<AddSpec> spec, int b) {
        String left = node.inputs().getFirst();
        String right = node.inputs().get(b);
        TensorType type = lowering.type(left);
        boolean fits = spec.isPresent() && type.type() == spec.get().a()
                && lowering.type(right).type() == spec.get().b() && lowering.type(right).shape().equals(type.shape());
        if (!fits) {
            return false;
        }
        Add kernel = lowering.kernels.add(node, spec.get());
        boolean nhwc = type.shape().rank() == 4 && (lowering.isOnlyNhwc(left) || lowering.isOnlyNhwc(right));
        int[] from = {nhwc ? lowering.nhwc(left, node.name()) : lowering.plain(left, node.name()),
            nhwc ? lowering.nhwc(right, node.name()) : lowering.plain(right, node.name())};
        int to = lowering.plan.planned(new TensorType(spec.get().dst(), lowering.plan.slot(from[0]).type().shape()));
        lowering.step(node, kernel, from, to, 0, (in, out) -> kernel.run(in[0], in[1], out[0]));
        define(node, lowering, to, nhwc);
        return true;
    }

    static boolean broadcast(Node node, Lowering lowering, Operation operation) {
        DataType type = lowering.type(node.inputs().getFirst()).type();
        if (node.inputs().size() != 2 || lowering.type(node.inputs().get(1)).type() != type
                || !operation.covers(type)) {
            return false;
        }
        BinarySpec spec = new BinarySpec(operation, type);
        return (type == DataType.F32 || lowering.kernels.isBeyondJava(spec)) && broadcast(node, lowering, spec, 1);
    }

    private static boolean quantizedProduct(Node node, Lowering lowering) {
        Optional<Quantized> q = quantized(node, lowering);
        return q.isPresent() && broadcast(node, lowering, new BinarySpec(Operation.MUL, q.get().a, q.get().b, q.get().dst,
                q.get().aParams, q.get().bParams, q.get().dstParams), 3);
    }

    /** An operation of the first input and another, of any shapes, in NHWC if one lies so and the other can. */
    private static boolean broadcast(Node node, Lowering lowering, BinarySpec spec, int b) {
        String left = node.inputs().get(0);
        String right = node.inputs().get(b);
        boolean nhwc = (lowering.isNhwcImage(left) || lowering.isNhwcImage(right)) && lowering.fitsNhwc(left)
                && lowering.fitsNhwc(right);
        Binary kernel = lowering.kernels.binary(node, spec);
        int[] from = {slot(node, lowering, left, nhwc), slot(node, lowering, right, nhwc)};
        Shape shape = lowering.type(node.output()).shape();
        TensorType type = new TensorType(spec.dst(), nhwc ? Shapes.permute(shape, Lowering.TO_NHWC) : shape);
        int to = lowering.plan.planned(type);
        // The operand of the result's shape may give its memory.
        int inPlace = lowering.plan.slot(from[0]).type().equals(type) ? 0
                : lowering.plan.slot(from[1]).type().equals(type) ? 1 : -1;
        lowering.step(node, kernel, from, to, inPlace, (in, out) -> kernel.run(in[0], in[1], out[0]));
        define(node, lowering, fused(node, lowering, to), nhwc);
        return true;
    }

    /** Adds the step of the activation that a pass has fused into a node, if there is one. */
    private static int fused(Node node, Lowering lowering, int from) {
        Activation activation = NodeParams.activation(node);
        TensorType type = lowering.plan.slot(from).type();
        if (activation.equals(Activation.NONE) || type.type() != DataType.F32) {
            return from;
        }
        Unary kernel = lowering.kernels.unary(node, new ActivationSpec(DataType.F32, QuantParams.IDENTITY, activation));
        int to = lowering.plan.planned(type);
        lowering.step(node, kernel, new int[] {from}, to, 0, (in, out) -> kernel.run(in[0], out[0]));
        return to;
    }

    /** A choice of operands of any shapes, in NHWC if one lies so and the others can. */
    private static boolean where(Node node, Lowering lowering) {
        TensorType type = lowering.type(node.output());
        if (type.type().isPacked() || type.type().bits() < Byte.SIZE) {
            return false;
        }
        SelectSpec spec = new SelectSpec(type.type());
        if (!lowering.kernels.isBeyondJava(spec)) {
            return false;
        }
        boolean nhwc = node.inputs().stream().anyMatch(lowering::isNhwcImage)
                && node.inputs().stream().allMatch(lowering::fitsNhwc);
        Select kernel = lowering.kernels.select(node, spec);
        int[] from = node.inputs().stream().mapToInt(input -> slot(node, lowering, input, nhwc)).toArray();
        int to = lowering.plan.planned(new TensorType(type.type(),
                nhwc ? Shapes.permute(type.shape(), Lowering.TO_NHWC) : type.shape()));
        lowering.step(node, kernel, from, to, -1, (in, out) -> kernel.run(in[0], in[1], in[2], out[0]));
        define(node, lowering, to, nhwc);
        return true;
    }

    static int slot(Node node, Lowering lowering, String value, boolean nhwc) {
        return nhwc && lowering.type(value).shape().rank() == 4 ? lowering.nhwc(value, node.name())
                : lowering.plain(value, node.name());
    }

    static void define(Node node, Lowering lowering, int slot, boolean nhwc) {
        if (nhwc) {
            lowering.defineNhwc(node.output(), slot);
        } else {
            lowering.definePlain(node.output(), slot);
        }
    }

    /** What two operands and a result are in bytes. */
    private record Quantized(DataType a, DataType b, DataType dst, QuantParams aParams, QuantParams bParams,
            QuantParams dstParams) {}

    /** Of inputs a, its scale and zero point, b, its scale and zero point, the result's scale and zero point. */
    private static Optional<Quantized> quantized(Node node, Lowering lowering) {
        Optional<QuantParams> a = NodeParams.quantization(node, lowering, 1, 2, 0);
        Optional<QuantParams> b = NodeParams.quantization(node, lowering, 4, 5, 0);
        Optional<QuantParams> dst = NodeParams.quantization(node, lowering, 6, 7, 0);
        if (a.isEmpty() || b.isEmpty() || dst.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Quantized(lowering.type(node.inputs().getFirst()).type(),
                lowering.type(node.inputs().get(3)).type(), lowering.type(node.inputs().get(7)).type(), a.get(),
                b.get(), dst.get()));
    }

    private static Optional<AddSpec> quantizedSum(Node node, Lowering lowering) {
        return quantized(node, lowering).map(q -> new AddSpec(q.a, q.b, q.dst, q.aParams, q.bParams, q.dstParams,
                NodeParams.activation(node)));
    }

    /** Adds a kernel of one input in the layout that is there. */
    private static boolean unary(Node node, Lowering lowering, UnarySpec spec) {
        String input = node.inputs().getFirst();
        Unary kernel = lowering.kernels.unary(node, spec);
        boolean nhwc = lowering.isOnlyNhwc(input);
        int from = nhwc ? lowering.nhwc(input, node.name()) : lowering.plain(input, node.name());
        Shape shape = spec.dstShape(lowering.plan.slot(from).type().shape());
        int to = lowering.plan.planned(new TensorType(spec.dstType(), shape));
        boolean inPlace = spec instanceof ActivationSpec || spec instanceof MapSpec || spec instanceof LookupSpec;
        lowering.step(node, kernel, new int[] {from}, to, inPlace ? 0 : -1, (in, out) -> kernel.run(in[0], out[0]));
        define(node, lowering, to, nhwc);
        return true;
    }

    private static boolean activation(Node node, Lowering lowering, Activation activation) {
        boolean real = lowering.type(node.inputs().getFirst()).type() == DataType.F32;
        return real && unary(node, lowering, new ActivationSpec(DataType.F32, QuantParams.IDENTITY, activation));
    }

    private static boolean function(Node node, Lowering lowering) {
        return FunctionNodes.of(node).map(found -> activation(node, lowering, Activation.of(found))).orElse(false);
    }

    private static boolean map(Node node, Lowering lowering) {
        // The vector backend's CELU is for positive alpha alone.
        Optional<MapSpec> spec = MapNodes.of(node).filter(found -> found.function() != MapFunction.CELU
                || found.alpha() > 0);
        return spec.isPresent() && lowering.type(node.inputs().getFirst()).type() == DataType.F32
                && unary(node, lowering, spec.get());
    }

    private static boolean cast(Node node, Lowering lowering) {
        DataType from = lowering.type(node.inputs().getFirst()).type();
        DataType to = lowering.type(node.output()).type();
        if (!CastSpec.covers(from, to)) {
            return false;
        }
        CastSpec spec = new CastSpec(from, to);
        return lowering.kernels.isBeyondJava(spec) && unary(node, lowering, spec);
    }

    /** SwiGLU: Swish of the gate, then the product with the other operand, which has the same shape. */
    private static boolean swiglu(Node node, Lowering lowering) {
        String gate = node.inputs().getFirst();
        String value = node.inputs().get(1);
        if (lowering.type(gate).type() != DataType.F32) {
            return false;
        }
        float alpha = node.attributes().real("alpha", 1f);
        UnarySpec spec = alpha == 1f
                ? new ActivationSpec(DataType.F32, QuantParams.IDENTITY, Activation.of(ActivationFunction.SILU))
                : new MapSpec(MapFunction.SWISH, alpha, 0f);
        boolean nhwc = (lowering.isNhwcImage(gate) || lowering.isNhwcImage(value)) && lowering.fitsNhwc(gate)
                && lowering.fitsNhwc(value);
        int from = slot(node, lowering, gate, nhwc);
        int factor = slot(node, lowering, value, nhwc);
        TensorType type = lowering.plan.slot(from).type();
        int gated = lowering.plan.planned(type);
        Unary swish = lowering.kernels.unary(node, spec);
        lowering.step(node, swish, new int[] {from}, gated, 0, (in, out) -> swish.run(in[0], out[0]));
        Binary product = lowering.kernels.binary(node, new BinarySpec(Operation.MUL));
        int to = lowering.plan.planned(type);
        lowering.step(node, product, new int[] {gated, factor}, to, 0, (in, out) -> product.run(in[0], in[1], out[0]));
        define(node, lowering, to, nhwc);
        return true;
    }

    /** A power with one exponent for all. */
    private static boolean power(Node node, Lowering lowering) {
        TensorType base = lowering.type(node.inputs().getFirst());
        Optional<Tensor> exponent = lowering.constant(node.inputs().get(1));
        if (base.type() != DataType.F32 || exponent.isEmpty() || exponent.get().shape().elements() != 1
                || exponent.get().shape().rank() > base.shape().rank()) {
            return false;
        }
        double value = exponent.get().type().isFloating() ? exponent.get().get(0) : exponent.get().getLong(0);
        // Exponents of other types may not be floats.
        return (float) value == value
                && unary(node, lowering, new MapSpec(MapFunction.POW, (float) value, 0f));
    }

    private static boolean clip(Node node, Lowering lowering) {
        if (lowering.type(node.inputs().getFirst()).type() != DataType.F32) {
            return false;
        }
        Optional<Tensor> low = node.input(1).flatMap(lowering::fixed);
        Optional<Tensor> high = node.input(2).flatMap(lowering::fixed);
        if (low.isPresent() != node.input(1).isPresent() || high.isPresent() != node.input(2).isPresent()) {
            return false;
        }
        double lo = low.map(tensor -> tensor.get(0))
                .orElse((double) node.attributes().real("min", Float.NEGATIVE_INFINITY));
        double hi = high.map(tensor -> tensor.get(0))
                .orElse((double) node.attributes().real("max", Float.POSITIVE_INFINITY));
        return lo <= hi && activation(node, lowering, Activation.clip((float) lo, (float) hi));
    }

    private static Optional<RequantizeSpec> requantize(Node node, Lowering lowering) {
        Optional<QuantParams> src = NodeParams.quantization(node, lowering, 1, 2, 0);
        Optional<QuantParams> dst = NodeParams.quantization(node, lowering, 3, 4, 0);
        if (src.isEmpty() || dst.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new RequantizeSpec(lowering.type(node.inputs().getFirst()).type(),
                lowering.type(node.inputs().get(4)).type(), src.get(), dst.get()));
    }

    /** An activation on quantized values: over one kernel, after another that changes the scale if it has to. */
    private static boolean quantizedClip(Node node, Lowering lowering) {
        RequantizeSpec scales = requantize(node, lowering).orElseThrow();
        ActivationSpec spec = new ActivationSpec(scales.dstType(), scales.dstParams(), NodeParams.activation(node));
        if (scales.srcType() == scales.dstType() && scales.srcParams().equals(scales.dstParams())) {
            return unary(node, lowering, spec);
        }
        unary(node, lowering, scales);
        boolean nhwc = lowering.isOnlyNhwc(node.output());
        int from = nhwc ? lowering.nhwc(node.output(), node.name()) : lowering.plain(node.output(), node.name());
        int to = lowering.plan.planned(lowering.plan.slot(from).type());
        Unary kernel = lowering.kernels.unary(node, spec);
        lowering.step(node, kernel, new int[] {from}, to, 0, (in, out) -> kernel.run(in[0], out[0]));
        define(node, lowering, to, nhwc);
        return true;
    }

    private static boolean lookup(Node node, Lowering lowering) {
        Tensor table = lowering.constant(node.inputs().get(1)).orElseThrow();
        byte[] bytes = table.data().toArray(ValueLayout.JAVA_BYTE);
        return unary(node, lowering, LookupSpec.of(lowering.type(node.inputs().getFirst()).type(), table.type(), bytes));
    }

    private static boolean quantize(Node node, Lowering lowering) {
        Optional<QuantParams> params = alongAxis(node, lowering, false);
        if (params.isEmpty() || lowering.type(node.inputs().getFirst()).type() != DataType.F32) {
            return false;
        }
        DataType type = node.input(2).map(name -> lowering.type(name).type())
                .orElse(node.attributes().has("output_dtype") ? DataType.F32 : DataType.U8);
        if (!Quantization.isByte(type)) {
            return false;
        }
        String input = node.inputs().getFirst();
        if (lowering.type(input).shape().rank() == 4 && params.get().isPerTensor() && !lowering.isOnlyNhwc(input)) {
            QuantizeSpec spec = new QuantizeSpec(type, params.get(), Rounding.HALF_EVEN, true);
            lowering.offerNhwc(node.output(), () -> quantizedImages(node, lowering, spec));
        }
        return unary(node, lowering, new QuantizeSpec(type, params.get(), Rounding.HALF_EVEN));
    }

    /** Adds the step that makes NHWC images of a plain input. */
    private static int quantizedImages(Node node, Lowering lowering, QuantizeSpec spec) {
        int from = lowering.plain(node.inputs().getFirst(), node.name());
        Unary kernel = lowering.kernels.unary(node, spec);
        Shape images = spec.dstShape(lowering.plan.slot(from).type().shape());
        int to = lowering.plan.planned(new TensorType(spec.dstType(), images));
        lowering.step(node, kernel, new int[] {from}, to, -1, (in, out) -> kernel.run(in[0], out[0]));
        return to;
    }

    private static boolean dequantize(Node node, Lowering lowering) {
        DataType type = lowering.type(node.inputs().getFirst()).type();
        Optional<QuantParams> params = alongAxis(node, lowering, true);
        boolean typed = Quantization.isByte(type) || type == DataType.S32 && params.map(QuantParams::isSymmetric)
                .orElse(false);
        return params.isPresent() && typed && !node.attributes().has("output_dtype")
                && unary(node, lowering, new DequantizeSpec(type, params.get()));
    }

    /** Returns the parameters for the layout in which the input lies. */
    private static Optional<QuantParams> alongAxis(Node node, Lowering lowering, boolean fromQuantized) {
        String input = node.inputs().getFirst();
        int rank = lowering.type(input).shape().rank();
        long given = node.attributes().integer("axis", 1);
        int axis = (int) (given < 0 ? given + rank : given);
        boolean nhwc = lowering.isOnlyNhwc(input) && rank == 4;
        int inMemory = !nhwc ? axis : axis == 1 ? 3 : axis == 0 ? 0 : axis - 1;
        boolean packed = lowering.type(fromQuantized ? input : node.output()).type().isPacked();
        boolean blocked = node.attributes().integer("block_size", 0) != 0;
        return packed || blocked || lowering.isOnlyNhwc(input) && rank != 4 ? Optional.empty()
                : NodeParams.quantization(node, lowering, 1, 2, inMemory);
    }
}
