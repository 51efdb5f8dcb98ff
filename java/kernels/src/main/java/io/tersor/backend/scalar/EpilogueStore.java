package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Epilogue;
import io.tersor.kernel.Residual;
import io.tersor.tensor.DataType;
import java.lang.foreign.MemorySegment;

/** Finishes the sums of consecutive output channels and stores them. */
final class EpilogueStore {
    private final Epilogue epilogue;

    EpilogueStore(Epilogue epilogue) {
        this.epilogue = epilogue;
    }

    /** Sets what integer sums start from: the s32 bias or zero. */
    void start(int[] sums) {
        int[] bias = epilogue.integerBias();
        for (int n = 0; n < sums.length; n++) {
            sums[n] = bias.length == 0 ? 0 : bias[n];
        }
    }

    /**
     * Stores one result for each output channel from element {@code offset} of dst.
     *
     * @param residual read from element {@code residualOffset} on, if there is one
     */
    void store(int[] sums, MemorySegment residual, long residualOffset, MemorySegment dst, long offset) {
        for (int n = 0; n < sums.length; n++) {
            if (epilogue.dst() == DataType.S32) {
                dst.setAtIndex(JAVA_INT, offset + n, sums[n]);
            } else {
                finish(epilogue.scale(sums[n], n), residual, residualOffset + n, dst, offset + n);
            }
        }
    }

    /** Stores one result for each output channel of a row that was quantized with a scale of its own. */
    void store(int[] sums, float rowScale, MemorySegment residual, long residualOffset, MemorySegment dst,
            long offset) {
        for (int n = 0; n < sums.length; n++) {
            finish(epilogue.scale(sums[n], rowScale, n), residual, residualOffset + n, dst, offset + n);
        }
    }

    /** Stores one result for each output channel of a product whose source came with a scale. */
    void storeSource(int[] sums, float srcScale, MemorySegment residual, long residualOffset, MemorySegment dst,
            long offset) {
        for (int n = 0; n < sums.length; n++) {
            finish(epilogue.scaleSource(sums[n], srcScale, n), residual, residualOffset + n, dst, offset + n);
        }
    }

    /** Stores one result for each output channel of a kernel with floating sums. */
    void store(float[] sums, MemorySegment residual, long residualOffset, MemorySegment dst, long offset) {
        for (int n = 0; n < sums.length; n++) {
            finish(epilogue.offset(sums[n], n), residual, residualOffset + n, dst, offset + n);
        }
    }

    private void finish(float scaled, MemorySegment residual, long residualAt, MemorySegment dst, long at) {
        float r = scaled;
        if (epilogue.residual().isPresent()) {
            Residual added = epilogue.residual().get();
            r = epilogue.add(r, added.type() == DataType.F32 ? Elements.getFloat(residual, residualAt)
                    : Elements.getInt(residual, added.type(), residualAt) - added.params().zeroPoint());
        }
        float y = epilogue.activate(r);
        switch (epilogue.dst()) {
            case U8, S8 -> Elements.setByte(dst, at, epilogue.round(y));
            default -> Elements.setFloat(dst, epilogue.dst(), at, y);
        }
    }
}
