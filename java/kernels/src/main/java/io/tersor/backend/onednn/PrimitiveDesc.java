package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.kernel.Window;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * An implementation that oneDNN chose for an operation.
 *
 * @param handle the descriptor, valid as long as its arena
 */
record PrimitiveDesc(MemorySegment handle) {
    private static PrimitiveDesc create(Arena arena, String call, ToIntFunction<MemorySegment> create) {
        return new PrimitiveDesc(OnednnObject.create(arena, call, create, Dnnl::dnnl_primitive_desc_destroy));
    }

    static PrimitiveDesc matmul(Arena arena, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst,
            Attributes attributes) {
        return create(arena, "dnnl_matmul_primitive_desc_create", out -> Dnnl.dnnl_matmul_primitive_desc_create(out,
                Onednn.get().engine(), src.handle(), weights.handle(), bias.handle(), dst.handle(),
                attributes.handle()));
    }

    static PrimitiveDesc convolution(Arena arena, MemoryDesc src, MemoryDesc weights, MemoryDesc bias, MemoryDesc dst,
            Window window, Attributes attributes) {
        return create(arena, "dnnl_convolution_forward_primitive_desc_create",
                out -> Dnnl.dnnl_convolution_forward_primitive_desc_create(out, Onednn.get().engine(),
                        Dnnl.dnnl_forward_inference(), Dnnl.dnnl_convolution_direct(), src.handle(), weights.handle(),
                        bias.handle(), dst.handle(), MemoryDesc.longs(arena, window.strideH(), window.strideW()),
                        dilations(arena, window), MemoryDesc.longs(arena, window.padTop(), window.padLeft()),
                        MemoryDesc.longs(arena, window.padBottom(), window.padRight()), attributes.handle()));
    }

    static PrimitiveDesc pooling(Arena arena, int algorithm, MemoryDesc src, MemoryDesc dst, Window window,
            Attributes attributes) {
        return create(arena, "dnnl_pooling_forward_primitive_desc_create",
                out -> Dnnl.dnnl_pooling_forward_primitive_desc_create(out, Onednn.get().engine(),
                        Dnnl.dnnl_forward_inference(), algorithm, src.handle(), dst.handle(),
                        MemoryDesc.longs(arena, window.strideH(), window.strideW()),
                        MemoryDesc.longs(arena, window.kh(), window.kw()), dilations(arena, window),
                        MemoryDesc.longs(arena, window.padTop(), window.padLeft()),
                        MemoryDesc.longs(arena, window.padBottom(), window.padRight()), attributes.handle()));
    }

    /** oneDNN counts the pixels left out between two of the kernel. */
    private static MemorySegment dilations(Arena arena, Window window) {
        return MemoryDesc.longs(arena, window.dilationH() - 1, window.dilationW() - 1);
    }

    static PrimitiveDesc eltwise(Arena arena, int algorithm, MemoryDesc data, float alpha, float beta,
            Attributes attributes) {
        return create(arena, "dnnl_eltwise_forward_primitive_desc_create",
                out -> Dnnl.dnnl_eltwise_forward_primitive_desc_create(out, Onednn.get().engine(),
                        Dnnl.dnnl_forward_inference(), algorithm, data.handle(), data.handle(), alpha, beta,
                        attributes.handle()));
    }

    static PrimitiveDesc binary(Arena arena, int algorithm, MemoryDesc a, MemoryDesc b, MemoryDesc dst,
            Attributes attributes) {
        return create(arena, "dnnl_binary_primitive_desc_create", out -> Dnnl.dnnl_binary_primitive_desc_create(out,
                Onednn.get().engine(), algorithm, a.handle(), b.handle(), dst.handle(), attributes.handle()));
    }

    static PrimitiveDesc reorder(Arena arena, MemoryDesc from, MemoryDesc to, Attributes attributes) {
        MemorySegment engine = Onednn.get().engine();
        return create(arena, "dnnl_reorder_primitive_desc_create", out -> Dnnl.dnnl_reorder_primitive_desc_create(out,
                from.handle(), engine, to.handle(), engine, attributes.handle()));
    }

    /** Returns oneDNN's name of the implementation, such as {@code brg_matmul:avx512_core_vnni}. */
    String implementation() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            OnednnException.check("dnnl_primitive_desc_query", Dnnl.dnnl_primitive_desc_query(handle,
                    Dnnl.dnnl_query_impl_info_str(), 0, out));
            return out.get(ADDRESS, 0).reinterpret(Long.MAX_VALUE).getString(0);
        }
    }

    /**
     * Returns why oneDNN has nothing good for an operation: nothing at all, or only one of the implementations that it
     * has for completeness, not for speed.
     *
     * @param describe describes the operation on a typical shape
     */
    static Optional<String> refusal(Function<Arena, PrimitiveDesc> describe) {
        try (Arena arena = Arena.ofConfined()) {
            String implementation = describe.apply(arena).implementation();
            return implementation.startsWith("ref") ? Optional.of("oneDNN has only " + implementation + " for it")
                    : Optional.empty();
        } catch (OnednnException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Returns the weights' layout, valid as long as this. */
    MemoryDesc weights() {
        return new MemoryDesc(Dnnl.dnnl_primitive_desc_query_md(handle, Dnnl.dnnl_query_weights_md(), 0));
    }

    /** Returns the scratch memory that each execution needs, valid as long as this. */
    MemoryDesc scratchpad() {
        return new MemoryDesc(Dnnl.dnnl_primitive_desc_query_md(handle, Dnnl.dnnl_query_scratchpad_md(), 0));
    }

    /** Returns a primitive that lives as long as the arena. */
    MemorySegment primitive(Arena arena) {
        return OnednnObject.create(arena, "dnnl_primitive_create", out -> Dnnl.dnnl_primitive_create(out, handle),
                Dnnl::dnnl_primitive_destroy);
    }
}
