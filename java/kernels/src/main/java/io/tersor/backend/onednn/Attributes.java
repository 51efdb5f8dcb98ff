package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.ActivationFunction;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Attributes of a primitive; the scratchpad is always the caller's, so that one primitive serves many threads. */
final class Attributes {
    private final MemorySegment handle;
    private final MemorySegment postOps;
    private int count;
    private int operand;

    /** Creates attributes that live as long as the arena. */
    Attributes(Arena arena) {
        handle = OnednnObject.create(arena, "dnnl_primitive_attr_create", Dnnl::dnnl_primitive_attr_create,
                Dnnl::dnnl_primitive_attr_destroy);
        postOps = OnednnObject.create(arena, "dnnl_post_ops_create", Dnnl::dnnl_post_ops_create,
                Dnnl::dnnl_post_ops_destroy);
        OnednnException.check("dnnl_primitive_attr_set_scratchpad_mode",
                Dnnl.dnnl_primitive_attr_set_scratchpad_mode(handle, Dnnl.dnnl_scratchpad_mode_user()));
    }

    /** Multiplies by f32 scales of an argument, given at execution; bit i of the mask: one for each index of axis i. */
    Attributes scales(int argument, int mask) {
        OnednnException.check("dnnl_primitive_attr_set_scales_mask",
                Dnnl.dnnl_primitive_attr_set_scales_mask(handle, argument, mask));
        return this;
    }

    /** Has s32 zero points of an argument, given at execution; mask as for scales. */
    Attributes zeroPoints(int argument, int mask) {
        OnednnException.check("dnnl_primitive_attr_set_zero_points_mask",
                Dnnl.dnnl_primitive_attr_set_zero_points_mask(handle, argument, mask));
        return this;
    }

    /**
     * Appends min(max(x, lo), hi), unless that is x. Bounds of 0 and infinity are no ReLU here: where oneDNN has no
     * generated kernel its ReLU keeps NaN, of which its clip makes lo.
     */
    Attributes clip(float lo, float hi) {
        return lo == Float.NEGATIVE_INFINITY && hi == Float.POSITIVE_INFINITY ? this
                : eltwise(Dnnl.dnnl_eltwise_clip(), lo, hi);
    }

    /** Appends factor * x + offset, unless that is x. */
    Attributes linear(float factor, float offset) {
        return factor == 1 && offset == 0 ? this : eltwise(Dnnl.dnnl_eltwise_linear(), factor, offset);
    }

    /** Appends f(x). */
    Attributes function(ActivationFunction function) {
        return switch (function) {
            case IDENTITY -> this;
            case GELU -> eltwise(Dnnl.dnnl_eltwise_gelu_erf(), 0, 0);
            case GELU_TANH -> eltwise(Dnnl.dnnl_eltwise_gelu_tanh(), 0, 0);
            case SILU -> eltwise(Dnnl.dnnl_eltwise_swish(), 1, 0);
            case HARD_SWISH -> eltwise(Dnnl.dnnl_eltwise_hardswish(), 1f / 6, 0.5f);
        };
    }

    /** Appends x + an operand, given at execution, whose argument is then {@link #operand()}. */
    Attributes add(MemoryDesc desc) {
        operand = Dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE() * (count + 1) | Dnnl.DNNL_ARG_SRC_1();
        OnednnException.check("dnnl_post_ops_append_binary",
                Dnnl.dnnl_post_ops_append_binary(postOps, Dnnl.dnnl_binary_add(), desc.handle()));
        return appended();
    }

    /** Appends x + factor * (y - zeroPoint), where y is what dst holds before the execution. */
    Attributes addDst(float factor, int zeroPoint, DataType type) {
        OnednnException.check("dnnl_post_ops_append_sum",
                Dnnl.dnnl_post_ops_append_sum(postOps, factor, zeroPoint, MemoryDesc.code(type)));
        return appended();
    }

    /** Returns the argument of the operand that was added. */
    int operand() {
        return operand;
    }

    private Attributes eltwise(int algorithm, float alpha, float beta) {
        OnednnException.check("dnnl_post_ops_append_eltwise",
                Dnnl.dnnl_post_ops_append_eltwise(postOps, algorithm, alpha, beta));
        return appended();
    }

    private Attributes appended() {
        count++;
        OnednnException.check("dnnl_primitive_attr_set_post_ops",
                Dnnl.dnnl_primitive_attr_set_post_ops(handle, postOps));
        return this;
    }

    MemorySegment handle() {
        return handle;
    }
}
