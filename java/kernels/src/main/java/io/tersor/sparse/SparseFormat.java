package io.tersor.sparse;

import io.tersor.OperandException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which entries of a matrix of weights [outputs, inputs] are kept, and in which units. The inputs of a convolution
 * count tap by tap: [kh, kw, ic / groups]; no unit reaches from one tap into the next.
 */
public sealed interface SparseFormat {
    /** Single entries, row by row with their column indices (compressed sparse rows). */
    SparseFormat CSR = new Csr();
    /** Single entries, one bit of each row's entries telling which are kept. */
    SparseFormat BITMASK = new Bitmask();

    /** Returns blocks of some outputs x inputs. */
    static SparseFormat block(int rows, int columns) {
        return new Block(rows, columns);
    }

    /** Returns n kept entries of every m neighbouring inputs. */
    static SparseFormat nOfM(int n, int m) {
        return new NOfM(n, m);
    }

    /**
     * Returns the format of a label: {@code csr}, {@code bitmask}, {@code 32x4} or {@code 2:4}.
     *
     * @throws OperandException if it is none
     */
    static SparseFormat parse(String label) {
        Matcher units = Pattern.compile("([1-9][0-9]{0,3})([x:])([1-9][0-9]{0,3})").matcher(label);
        if (units.matches()) {
            int first = Integer.parseInt(units.group(1));
            int second = Integer.parseInt(units.group(3));
            return units.group(2).equals("x") ? block(first, second) : nOfM(first, second);
        }
        return switch (label) {
            case "csr" -> CSR;
            case "bitmask" -> BITMASK;
            default -> throw new OperandException("format", "csr, bitmask, blocks as 32x4 or n of m as 2:4", label);
        };
    }

    /** Returns the text that {@link #parse} understands. */
    String label();

    /** See {@link #CSR}. */
    record Csr() implements SparseFormat {
        @Override
        public String label() {
            return "csr";
        }

        @Override
        public String toString() {
            return label();
        }
    }

    /** See {@link #BITMASK}. */
    record Bitmask() implements SparseFormat {
        @Override
        public String label() {
            return "bitmask";
        }

        @Override
        public String toString() {
            return label();
        }
    }

    /**
     * Blocks, kept or zero as a whole; the last ones may be cut off by the matrix's (or a tap's) end.
     *
     * @param rows outputs of a block, 1 to 1024
     * @param columns inputs of a block, 1 to 1024
     */
    record Block(int rows, int columns) implements SparseFormat {
        /** Checks the extents. */
        public Block {
            OperandException.check(rows >= 1 && rows <= 1024 && columns >= 1 && columns <= 1024, "block",
                    "1 to 1024 rows and columns", rows + "x" + columns);
        }

        @Override
        public String label() {
            return rows + "x" + columns;
        }

        @Override
        public String toString() {
            return label();
        }
    }

    /**
     * At most n of every m neighbouring inputs of one output are kept.
     *
     * @param n 1 to m
     * @param m 2 to 256
     */
    record NOfM(int n, int m) implements SparseFormat {
        /** Checks the numbers. */
        public NOfM {
            OperandException.check(m >= 2 && m <= 256 && n >= 1 && n <= m, "n:m", "1 <= n <= m <= 256, m > 1",
                    n + ":" + m);
        }

        /**
         * Returns whether weights keep to it.
         *
         * @param weights rows of {@code inputs} each, one behind the other; neighbours count from a row's start
         */
        public boolean holds(float[] weights, int inputs) {
            int kept = 0;
            for (int i = 0; i < weights.length; i++) {
                kept = i % inputs % m == 0 ? 0 : kept;
                kept += weights[i] != 0 ? 1 : 0;
                if (kept > n) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public String label() {
            return n + ":" + m;
        }

        @Override
        public String toString() {
            return label();
        }
    }
}
