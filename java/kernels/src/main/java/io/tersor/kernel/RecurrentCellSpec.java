package io.tersor.kernel;

import io.tersor.OperandException;
import java.util.Locale;

/**
 * What follows the products in one step of a recurrent layer, for one sequence, f32. With a[g] = x's product for gate g
 * plus h's, biases included in either, and clipped to [-clip, clip] before a function:
 * <ul>
 * <li>RNN: h = gate(a[0]);
 * <li>GRU, gates z r n: h = (1 - z) * n + z * h with z = gate(a[z]), r = gate(a[r]) and n = candidate(x[n] + r * h[n]);
 *     where the reset comes before the product, h[n] is of r * h already, and n = candidate(x[n] + h[n]);
 * <li>LSTM, gates i o f g: c = f * c + i * candidate(a[g]), h = o * output(c), with i = gate(a[i] + p[i] * c),
 *     f = gate(a[f] + p[f] * c), or 1 - i if they are coupled, and o = gate(a[o] + p[o] * c) of the new c.
 * </ul>
 * ONNX RNN, GRU, LSTM; Elman 1990, Cho et al. 2014, Hochreiter and Schmidhuber 1997 with Gers' peepholes p.
 *
 * @param hidden units, at least 1
 * @param clip bound of what goes into functions, infinity for none
 * @param coupled LSTM: whether the forget gate is one minus the input gate
 * @param resetAfter GRU: whether the reset gate acts behind the recurrent product
 * @param peepholes LSTM: whether there are weights p
 */
public record RecurrentCellSpec(Kind kind, int hidden, MapSpec gate, MapSpec candidate, MapSpec output, float clip,
        boolean coupled, boolean resetAfter, boolean peepholes) implements KernelSpec {
    /** Which cell. */
    public enum Kind {
        /** One gate. */
        RNN(1),
        /** Update, reset, candidate. */
        GRU(3),
        /** Input, output, forget, candidate. */
        LSTM(4);

        private final int gates;

        Kind(int gates) {
            this.gates = gates;
        }

        /** Returns how many products of x, and of h, the cell has for each unit. */
        public int gates() {
            return gates;
        }
    }

    /** Checks the combination. */
    public RecurrentCellSpec {
        OperandException.check(hidden >= 1, "hidden", "at least 1", hidden);
        OperandException.check(clip >= 0, "clip", "at least 0", clip);
        OperandException.check(kind == Kind.LSTM || !coupled && !peepholes, "kind", "LSTM", kind);
        OperandException.check(kind == Kind.GRU || !resetAfter, "kind", "GRU", kind);
    }

    /** Returns the columns of a row of products: all gates. */
    public int columns() {
        return Math.multiplyExact(kind.gates(), hidden);
    }

    @Override
    public String name() {
        return kind.name().toLowerCase(Locale.ROOT) + "_cell_f32";
    }
}
