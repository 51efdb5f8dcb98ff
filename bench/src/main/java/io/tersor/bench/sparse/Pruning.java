package io.tersor.bench.sparse;

import io.tersor.bench.product.WeightZeros;
import io.tersor.sparse.SparseFormat;
import io.tersor.tensor.Tensor;
import java.util.OptionalDouble;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Zeros at seeded random places, in the units of a format: of all blocks as many as the sparsity asks for, rounded to
 * whole blocks; of every m entries all but n. What is kept is not zero.
 *
 * @param sparsity the share of units that are zero, 0 to 1
 */
record Pruning(SparseFormat format, double sparsity) implements WeightZeros {
    private static final long SEED = 20240301;

    /** Returns the sparsity that a format has by itself, if it has one. */
    static OptionalDouble ownSparsity(SparseFormat format) {
        return format instanceof SparseFormat.NOfM(int n, int m) ? OptionalDouble.of(1 - (double) n / m)
                : OptionalDouble.empty();
    }

    @Override
    public void applyTo(Tensor weights) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        int outputs = Math.toIntExact(weights.shape().dim(0));
        int inputs = Math.toIntExact(weights.shape().dim(1));
        int taps = Math.toIntExact(weights.shape().elements() / ((long) outputs * inputs));
        Units units = new Units(weights, inputs, taps);
        switch (format) {
            case SparseFormat.NOfM(int n, int m) -> {
                for (int output = 0; output < outputs; output++) {
                    units.keepSome(random, output, n, m);
                }
            }
            case SparseFormat.Block(int rows, int columns) -> units.drop(random, outputs, rows, columns, sparsity);
            case SparseFormat.Csr _, SparseFormat.Bitmask _ -> units.drop(random, outputs, 1, 1, sparsity);
        }
    }

    /** The weights [outputs, inputs, taps], unit by unit. */
    private record Units(Tensor weights, int inputs, int taps) {
        /** Keeps n of every m entries of an output. */
        void keepSome(RandomGenerator random, int output, int n, int m) {
            for (int tap = 0; tap < taps; tap++) {
                for (int first = 0; first < inputs; first += m) {
                    int count = Math.min(m, inputs - first);
                    Draw draw = new Draw(random, count, Math.max(0, count - n));
                    for (int i = first; i < first + count; i++) {
                        set(output, tap, i, draw.next());
                    }
                }
            }
        }

        /** Drops a share of the blocks, of which those at an edge may be smaller. */
        void drop(RandomGenerator random, int outputs, int rows, int columns, double share) {
            long blocks = (long) Math.ceilDiv(outputs, rows) * taps * Math.ceilDiv(inputs, columns);
            Draw draw = new Draw(random, blocks, Math.round(share * blocks));
            for (int top = 0; top < outputs; top += rows) {
                for (int tap = 0; tap < taps; tap++) {
                    for (int left = 0; left < inputs; left += columns) {
                        boolean dropped = draw.next();
                        for (int output = top; output < Math.min(outputs, top + rows); output++) {
                            for (int i = left; i < Math.min(inputs, left + columns); i++) {
                                set(output, tap, i, dropped);
                            }
                        }
                    }
                }
            }
        }

        private void set(int output, int tap, int input, boolean dropped) {
            WeightZeros.set(weights, ((long) output * inputs + input) * taps + tap, dropped);
        }
    }

    /** Draws exactly so many of a number of things, one after the other; every choice is as likely as another. */
    private static final class Draw {
        private final RandomGenerator random;
        private long left;
        private long wanted;

        Draw(RandomGenerator random, long things, long wanted) {
            this.random = random;
            this.left = things;
            this.wanted = wanted;
        }

        boolean next() {
            boolean drawn = random.nextLong(left--) < wanted;
            wanted -= drawn ? 1 : 0;
            return drawn;
        }
    }
}
