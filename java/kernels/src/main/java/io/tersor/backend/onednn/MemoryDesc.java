package io.tersor.backend.onednn;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.ffm.onednn.Dnnl;
import io.tersor.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A memory descriptor: type, logical extents and layout.
 *
 * @param handle the descriptor, valid as long as its arena
 */
record MemoryDesc(MemorySegment handle) {
    /** No operand, such as no bias. */
    static final MemoryDesc NONE = new MemoryDesc(MemorySegment.NULL);

    /** Returns a descriptor of a layout with the given strides in elements. */
    static MemoryDesc strided(Arena arena, DataType type, long[] dims, long[] strides) {
        return new MemoryDesc(OnednnObject.create(arena, "dnnl_memory_desc_create_with_strides",
                out -> Dnnl.dnnl_memory_desc_create_with_strides(out, dims.length, longs(arena, dims), code(type),
                        longs(arena, strides)), Dnnl::dnnl_memory_desc_destroy));
    }

    /** Returns a descriptor of the row-major layout. */
    static MemoryDesc rowMajor(Arena arena, DataType type, long... dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        return strided(arena, type, dims, strides);
    }

    /** Returns a descriptor of images [n, c, h, w] whose channels lie together. */
    static MemoryDesc nhwc(Arena arena, DataType type, long n, long c, long h, long w) {
        return strided(arena, type, new long[] {n, c, h, w}, new long[] {h * w * c, 1, w * c, c});
    }

    /** Returns a descriptor whose layout the primitive chooses. */
    static MemoryDesc any(Arena arena, DataType type, long... dims) {
        return new MemoryDesc(OnednnObject.create(arena, "dnnl_memory_desc_create_with_tag",
                out -> Dnnl.dnnl_memory_desc_create_with_tag(out, dims.length, longs(arena, dims), code(type),
                        Dnnl.dnnl_format_tag_any()), Dnnl::dnnl_memory_desc_destroy));
    }

    /** Returns a copy that lives as long as the arena. */
    MemoryDesc copy(Arena arena) {
        return new MemoryDesc(OnednnObject.create(arena, "dnnl_memory_desc_clone",
                out -> Dnnl.dnnl_memory_desc_clone(out, handle), Dnnl::dnnl_memory_desc_destroy));
    }

    /** Returns the bytes of the memory described, hidden compensation values included. */
    long bytes() {
        return Dnnl.dnnl_memory_desc_get_size(handle);
    }

    /** Returns whether type, extents and layout are the same. */
    boolean isSame(MemoryDesc other) {
        return Dnnl.dnnl_memory_desc_equal(handle, other.handle) != 0;
    }

    /** Returns a memory object over the given data, which must live as long. */
    MemorySegment memory(Arena arena, MemorySegment data) {
        return OnednnObject.create(arena, "dnnl_memory_create",
                out -> Dnnl.dnnl_memory_create(out, handle, Onednn.get().engine(), data),
                Dnnl::dnnl_memory_destroy);
    }

    /** Returns the values as {@code dnnl_dims_t}, which oneDNN reads in full length whatever the rank. */
    static MemorySegment longs(Arena arena, long... values) {
        MemorySegment dims = arena.allocate(JAVA_LONG, Dnnl.DNNL_MAX_NDIMS());
        MemorySegment.copy(values, 0, dims, JAVA_LONG, 0, values.length);
        return dims;
    }

    /** Returns oneDNN's code of a type. */
    static int code(DataType type) {
        return switch (type) {
            case F32 -> Dnnl.dnnl_f32();
            case BF16 -> Dnnl.dnnl_bf16();
            case S32 -> Dnnl.dnnl_s32();
            case S8 -> Dnnl.dnnl_s8();
            case U8 -> Dnnl.dnnl_u8();
            default -> throw new IllegalArgumentException("type: expected f32, bf16, s32, s8 or u8, got " + type);
        };
    }
}
