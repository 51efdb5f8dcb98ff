package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Attributes of a primitive; the scratchpad is always the caller's, so that one primitive serves many threads. */
final class Attributes {
    private final MemorySegment handle;
    private final MemorySegment postOps;

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

    /** Appends min(max(x, lo), hi), or less where a bound is infinite. */
    Attributes clip(float lo, float hi) {
        if (lo == Float.NEGATIVE_INFINITY && hi == Float.POSITIVE_INFINITY) {
            return this;
        }
        return lo == 0 && hi == Float.POSITIVE_INFINITY ? eltwise(Dnnl.dnnl_eltwise_relu(), 0, 0)
                : eltwise(Dnnl.dnnl_eltwise_clip(), lo, hi);
    }

    /** Appends factor * x + offset, unless that is x. */
    Attributes linear(float factor, float offset) {
        return factor == 1 && offset == 0 ? this : eltwise(Dnnl.dnnl_eltwise_linear(), factor, offset);
    }

    private Attributes eltwise(int algorithm, float alpha, float beta) {
        OnednnException.check("dnnl_post_ops_append_eltwise",
                Dnnl.dnnl_post_ops_append_eltwise(postOps, algorithm, alpha, beta));
        OnednnException.check("dnnl_primitive_attr_set_post_ops",
                Dnnl.dnnl_primitive_attr_set_post_ops(handle, postOps));
        return this;
    }

    MemorySegment handle() {
        return handle;
    }
}
