package io.tersor.backend.scalar;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tersor.kernel.Epilogue;
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

    /** Stores one result for each output channel from element {@code offset} of dst. */
    void store(int[] sums, MemorySegment dst, long offset) {
        for (int n = 0; n < sums.length; n++) {
            switch (epilogue.dst()) {
                case S32 -> dst.setAtIndex(JAVA_INT, offset + n, sums[n]);
                case F32 -> Elements.setFloat(dst, offset + n, epilogue.scale(sums[n], n));
                default -> Elements.setByte(dst, offset + n, epilogue.requantize(sums[n], n));
            }
        }
    }

    /** Stores one result for each output channel of an f32 kernel. */
    void store(float[] sums, MemorySegment dst, long offset) {
        for (int n = 0; n < sums.length; n++) {
            Elements.setFloat(dst, offset + n, epilogue.apply(sums[n], n));
        }
    }
}
