package io.tersor.backend.onednn;

import io.tersor.ffm.onednn.Dnnl;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Brings weights into the layout that a primitive asks for. */
final class Weights {
    private static final int ALIGNMENT_BYTES = 64;

    private Weights() {
    }

    /**
     * Returns the packed weights as an operand.
     *
     * @param arena owns the packed weights
     * @param plainDesc the layout of the weights as they are
     * @param plain the weights as they are
     * @param packedDesc the layout that is asked for
     */
    static Plan.Constant pack(Arena arena, MemoryDesc plainDesc, MemorySegment plain, MemoryDesc packedDesc) {
        MemorySegment packed = arena.allocate(packedDesc.bytes(), ALIGNMENT_BYTES);
        try (Arena local = Arena.ofConfined()) {
            PrimitiveDesc reorder = PrimitiveDesc.reorder(local, plainDesc, packedDesc, new Attributes(local));
            // A reorder calls its operands FROM and TO, which are the same indices as SRC and DST.
            new Plan(local, 1, reorder, plainDesc, Optional.empty(), packedDesc, List.of())
                    .run(plain, plain, packed, packed);
        }
        return new Plan.Constant(Dnnl.DNNL_ARG_WEIGHTS(), packedDesc.memory(arena, packed));
    }
}
