package io.tersor.model.ops;

import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Einsum: sums of products over all labels that the output does not name. Integers wrap, as sums of longs do. */
final class EinsumOp {
    /** Stands for the axes of an ellipsis, counted from the end so that terms of different rank broadcast. */
    private static final char ELLIPSIS = '\u0400';

    private EinsumOp() {}

    static void register(Map<String, Operator> table) {
        table.put("Einsum", EinsumOp::prepare);
    }

    private static Computation prepare(OpContext context) {
        String equation = context.attributes().text("equation", "").replace(" ", "");
        int arrow = equation.indexOf("->");
        String[] terms = (arrow < 0 ? equation : equation.substring(0, arrow)).split(",", -1);
        context.require(terms.length == context.inputCount(), "equation", context.inputCount() + " terms", equation);
        List<String> labels = new ArrayList<>();
        Map<Character, Long> extents = new LinkedHashMap<>();
        int broadcast = 0;
        for (int i = 0; i < terms.length; i++) {
            String term = expand(context, terms[i], context.shape(i).rank());
            context.check(term.length() == context.shape(i).rank(), i, term.length() + " axes for " + terms[i]);
            for (int axis = 0; axis < term.length(); axis++) {
                char label = term.charAt(axis);
                long extent = context.shape(i).dim(axis);
                long known = extents.getOrDefault(label, 1L);
                broadcast = label >= ELLIPSIS ? Math.max(broadcast, label - ELLIPSIS + 1) : broadcast;
                context.require(known == 1 || extent == 1 || known == extent, "equation",
                        "one extent of " + terms[i], known + " and " + extent);
                extents.put(label, known == 1 ? extent : known);
            }
            context.check(context.type(i) == context.type(0), i, "type " + context.type(0));
            labels.add(term);
        }
        String named = arrow < 0 ? "" : equation.substring(arrow + 2);
        String target = arrow < 0 ? implicit(labels, broadcast)
                : expand(context, named, named.length() - "...".length() + broadcast);
        long[] dims = new long[target.length()];
        for (int axis = 0; axis < dims.length; axis++) {
            char label = target.charAt(axis);
            context.require(extents.containsKey(label) && target.indexOf(label) == axis, "equation",
                    "an output of labels of the inputs, each once", equation);
            dims[axis] = extents.get(label);
        }
        return product(context, labels, target, extents, Shape.of(dims));
    }

    /** Replaces the ellipsis by labels for the axes that the others leave. */
    private static String expand(OpContext context, String term, int rank) {
        int at = term.indexOf("...");
        String rest = at < 0 ? term : term.substring(0, at) + term.substring(at + 3);
        context.require(rest.chars().allMatch(c -> c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'), "equation",
                "letters and one ellipsis in a term", term);
        if (at < 0) {
            return term;
        }
        StringBuilder ellipsis = new StringBuilder();
        for (int axis = rank - rest.length() - 1; axis >= 0; axis--) {
            ellipsis.append((char) (ELLIPSIS + axis));
        }
        return term.substring(0, at) + ellipsis + term.substring(at + 3);
    }

    private static String implicit(List<String> labels, int broadcast) {
        Map<Character, Integer> counts = new TreeMap<>();
        labels.forEach(term -> term.chars().forEach(label -> counts.merge((char) label, 1, Integer::sum)));
        StringBuilder target = new StringBuilder();
        for (int axis = broadcast - 1; axis >= 0; axis--) {
            target.append((char) (ELLIPSIS + axis));
        }
        counts.forEach((label, count) -> target.append(count == 1 && label < ELLIPSIS ? label.toString() : ""));
        return target.toString();
    }

    private static Computation product(OpContext context, List<String> labels, String target,
            Map<Character, Long> extents, Shape shape) {
        // The output's labels first: each of its elements is finished before the next one.
        StringBuilder order = new StringBuilder(target);
        extents.keySet().forEach(label -> order.append(target.indexOf(label) < 0 ? label.toString() : ""));
        int axes = order.length();
        long[] dims = new long[axes];
        long[][] strides = new long[labels.size()][axes];
        for (int axis = 0; axis < axes; axis++) {
            dims[axis] = extents.get(order.charAt(axis));
            for (int i = 0; i < labels.size(); i++) {
                long[] own = context.shape(i).rowMajorStrides();
                for (int k = 0; k < own.length; k++) {
                    boolean here = labels.get(i).charAt(k) == order.charAt(axis) && context.shape(i).dim(k) > 1;
                    strides[i][axis] += here ? own[k] : 0;
                }
            }
        }
        // Shape.of refuses what overflows, however few elements the inputs have.
        long inner = Shapes.product(Shape.of(dims), target.length(), axes);
        TensorType output = new TensorType(context.type(0), shape);
        boolean floating = output.type().isFloating();
        return Computation.of(output, (in, out) -> {
            long[] at = new long[in.length];
            for (long i = 0; i < shape.elements(); i++) {
                double sum = 0;
                long integer = 0;
                for (long k = 0; k < inner; k++) {
                    offsets(i * inner + k, dims, strides, at);
                    double product = 1;
                    long exact = 1;
                    for (int operand = 0; operand < in.length; operand++) {
                        if (floating) {
                            product *= in[operand].get(at[operand]);
                        } else {
                            exact *= in[operand].getLong(at[operand]);
                        }
                    }
                    sum += product;
                    integer += exact;
                }
                if (floating) {
                    out[0].set(i, sum);
                } else {
                    out[0].setLong(i, integer);
                }
            }
        });
    }

    private static void offsets(long index, long[] dims, long[][] strides, long[] at) {
        Arrays.fill(at, 0);
        long rest = index;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            long position = rest % dims[axis];
            rest /= dims[axis];
            for (int i = 0; i < at.length; i++) {
                at[i] += position * strides[i][axis];
            }
        }
    }
}
