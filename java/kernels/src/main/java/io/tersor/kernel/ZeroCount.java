package io.tersor.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * How many k steps of a matrix of weights have one that is not zero: steps of four neighbouring inputs of s8, of one of
 * f32, for every output by itself and for 32 outputs together.
 *
 * @param weights the share of weights
 * @param single the share of steps of single outputs
 * @param blocks the share of steps of 32 outputs
 */
record ZeroCount(double weights, double single, double blocks) {
    private static final int BLOCK = 32;
    private static final int SAMPLES = 1024;

    /**
     * Returns the counts.
     *
     * @param weights s8 or f32, [outputs, inputs] or [outputs, inputs, taps...], any strides
     */
    static ZeroCount of(Tensor weights) {
        int step = weights.type() == DataType.S8 ? 4 : 1;
        long outputs = weights.shape().dim(0);
        long inputs = weights.shape().dim(1);
        int steps = Math.toIntExact((inputs + step - 1) / step);
        long taps = taps(weights);
        boolean[] used = new boolean[Math.toIntExact(steps * taps)];
        long kept = 0;
        long single = 0;
        long blocks = 0;
        for (long output = 0; output < outputs; output++) {
            if (output % BLOCK == 0) {
                Arrays.fill(used, false);
            }
            for (long tap = 0; tap < taps; tap++) {
                long from = output * weights.stride(0) + offset(weights, tap);
                for (int s = 0; s < steps; s++) {
                    int inStep = count(weights, from, (long) s * step, Math.min(inputs, (long) (s + 1) * step));
                    if (inStep > 0) {
                        kept += inStep;
                        int at = (int) (tap * steps + s);
                        single++;
                        blocks += used[at] ? 0 : 1;
                        used[at] = true;
                    }
                }
            }
        }
        double all = Math.max(1, (double) steps * taps);
        return new ZeroCount(kept / Math.max(1.0, outputs * inputs * taps), single / (all * Math.max(1, outputs)),
                blocks / (all * Math.max(1, Math.ceilDiv(outputs, BLOCK))));
    }

    /** Returns the share of zeros in some weights that lie evenly apart. */
    static double sampled(Tensor weights) {
        long outputs = weights.shape().dim(0);
        long inputs = weights.shape().dim(1);
        long taps = taps(weights);
        long all = outputs * inputs * taps;
        long samples = Math.min(SAMPLES, all);
        long zeros = 0;
        for (long i = 0; i < samples; i++) {
            // An odd multiple of the distance, so that samples do not follow one input.
            long at = i * (all / samples) + i % Math.max(1, all / samples);
            long input = at / taps % inputs;
            zeros += 1 - count(weights, at / taps / inputs * weights.stride(0) + offset(weights, at % taps), input,
                    input + 1);
        }
        return samples == 0 ? 0 : (double) zeros / samples;
    }

    private static long taps(Tensor weights) {
        long taps = 1;
        for (int axis = 2; axis < weights.shape().rank(); axis++) {
            taps *= weights.shape().dim(axis);
        }
        return taps;
    }

    /** Elements from an output's first weight to that of a tap. */
    private static long offset(Tensor weights, long tap) {
        long offset = 0;
        for (int axis = weights.shape().rank() - 1; axis >= 2; axis--) {
            offset += tap % weights.shape().dim(axis) * weights.stride(axis);
            tap /= weights.shape().dim(axis);
        }
        return offset;
    }

    private static int count(Tensor weights, long from, long first, long end) {
        MemorySegment data = weights.data();
        long stride = weights.stride(1);
        int count = 0;
        for (long input = first; input < end; input++) {
            long at = from + input * stride;
            count += (weights.type() == DataType.S8 ? data.get(JAVA_BYTE, at) : data.getAtIndex(JAVA_FLOAT, at)) != 0 ? 1
                    : 0;
        }
        return count;
    }
}
