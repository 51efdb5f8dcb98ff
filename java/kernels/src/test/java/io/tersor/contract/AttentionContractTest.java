package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.Attention;
import io.tersor.kernel.AttentionSpec;
import io.tersor.kernel.AttentionSpec.Layout;
import io.tersor.kernel.AttentionSpec.Operand;
import io.tersor.kernel.Parallelism;
import io.tersor.quant.QuantParams;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Attention on every backend, against the formula in binary64; with 8-bit probabilities bit for bit. */
@Tag("isa-tiers")
class AttentionContractTest {
    /** n, lengthQ, lengthK, heads, kvHeads, size, valueSize. */
    private static final int[][] EXTENTS = {{1, 1, 1, 1, 1, 1, 1}, {2, 5, 7, 4, 2, 8, 8}, {1, 13, 33, 3, 3, 17, 5},
        {1, 24, 24, 2, 2, 64, 64}, {2, 3, 0, 2, 1, 4, 4}, {1, 0, 3, 1, 1, 4, 4}, {1, 4, 1030, 2, 1, 16, 33},
        {1, 1, 40, 6, 2, 32, 32}, {3, 9, 2, 1, 1, 3, 65}, {1, 12, 2100, 1, 1, 8, 4}};

    record Extents(int n, int lengthQ, int lengthK) {}

    record AttentionCase(String id, AttentionSpec spec, Extents extents, double[] q, double[] k, double[] v,
            double[] mask, Shape maskShape, int threads) implements ContractCase {
        @Override
        public String operands() {
            return extents + (spec.masked() ? ", mask " + maskShape : "");
        }

        /** Returns the same with quantized probabilities, and some NaN and infinities in the mask. */
        private AttentionCase quantized(float scale, Draw draw) {
            double[] unusual = mask.clone();
            draw.sprinkle(unusual, 3);
            return new AttentionCase(id + "-p", spec.withProbabilities(QuantParams.perTensor(scale, 0)), extents, q, k,
                    v, unusual, maskShape, threads);
        }

        private static Shape shape(Operand operand, int n, int heads, int length, int size) {
            return operand.layout() == Layout.TOKENS ? Shape.of(n, length, (long) heads * size)
                    : Shape.of(n, heads, length, size);
        }

        @Override
        public void run(Candidate candidate, GuardedArena arena, Parallelism parallelism) {
            int n = extents.n;
            Tensor queries = arena.tensor(spec.q().type(),
                    shape(spec.q(), n, spec.heads(), extents.lengthQ, spec.size()), q);
            Tensor keys = arena.tensor(spec.k().type(),
                    shape(spec.k(), n, spec.kvHeads(), extents.lengthK, spec.size()), k);
            Tensor values = arena.tensor(spec.v().type(),
                    shape(spec.v(), n, spec.kvHeads(), extents.lengthK, spec.valueSize()), v);
            Tensor bias = arena.tensor(F32, maskShape, mask);
            arena.seal();
            Tensor dst = arena.tensor(spec.dst().type(),
                    shape(spec.dst(), n, spec.heads(), extents.lengthQ, spec.valueSize()));
            try (Attention kernel = candidate.registry().prepare(spec, candidate.options(parallelism))) {
                if (spec.masked()) {
                    kernel.run(queries, keys, values, bias, dst);
                } else {
                    kernel.run(queries, keys, values, dst);
                }
            }
            expected().check(dst, candidate.backend());
        }

        static int at(Operand operand, int image, int head, int token, int heads, int size, int length) {
            return (operand.layout() == Layout.TOKENS ? (image * length + token) * heads + head
                    : (image * heads + head) * length + token) * size;
        }

        private static double real(Operand operand, double level) {
            return (level - operand.params().zeroPoint()) * operand.params().scale();
        }

        private Expected expected() {
            if (spec.probabilities().isPresent()) {
                return QuantizedAttentionReference.of(this);
            }
            double[] results = new double[extents.n * extents.lengthQ * spec.heads() * spec.valueSize()];
            double[] tolerances = new double[results.length];
            for (int image = 0; image < extents.n; image++) {
                for (int head = 0; head < spec.heads(); head++) {
                    for (int i = 0; i < extents.lengthQ; i++) {
                        query(image, head, i, results, tolerances);
                    }
                }
            }
            return Expected.within(results, tolerances);
        }

        private void query(int image, int head, int i, double[] results, double[] tolerances) {
            int group = head * spec.kvHeads() / spec.heads();
            double[] weights = new double[extents.lengthK];
            double max = Double.NEGATIVE_INFINITY;
            double magnitude = 0;
            double largest = 0;
            int query = at(spec.q(), image, head, i, spec.heads(), spec.size(), extents.lengthQ);
            for (int j = 0; j < weights.length; j++) {
                int key = at(spec.k(), image, group, j, spec.kvHeads(), spec.size(), extents.lengthK);
                double products = 0;
                for (int e = 0; e < spec.size(); e++) {
                    double product = real(spec.q(), q[query + e]) * real(spec.k(), k[key + e]);
                    weights[j] += product * spec.scale();
                    products += Math.abs(product);
                }
                magnitude = Math.max(magnitude, products);
                if (spec.masked()) {
                    long maskImage = maskShape.dim(0) == 1 ? 0 : image;
                    long maskHead = maskShape.dim(1) == 1 ? 0 : head;
                    long row = maskShape.dim(2) == 1 ? 0 : i;
                    weights[j] += mask[(int) (((maskImage * maskShape.dim(1) + maskHead) * maskShape.dim(2) + row)
                            * extents.lengthK + j)];
                }
                largest = Double.isFinite(weights[j]) ? Math.max(largest, Math.abs(weights[j])) : largest;
                weights[j] = spec.causal() && j > i ? Double.NEGATIVE_INFINITY : weights[j];
                max = Math.max(max, weights[j]);
            }
            double total = 0;
            for (int j = 0; j < weights.length; j++) {
                weights[j] = max == Double.NEGATIVE_INFINITY ? 0 : Math.exp(weights[j] - max);
                total += weights[j];
            }
            for (int e = 0; e < spec.valueSize(); e++) {
                double sum = 0;
                double most = 0;
                for (int j = 0; j < weights.length; j++) {
                    double value = real(spec.v(),
                            v[at(spec.v(), image, group, j, spec.kvHeads(), spec.valueSize(), extents.lengthK) + e]);
                    sum += weights[j] * value;
                    most = Math.max(most, Math.abs(value));
                }
                int at = at(spec.dst(), image, head, i, spec.heads(), spec.valueSize(), extents.lengthQ) + e;
                double y = total == 0 ? 0 : sum / total;
                double tolerance = most * 0x1p-22 * (spec.size() * spec.scale() * magnitude + largest
                        + extents.lengthK + 16);
                Operand dst = spec.dst();
                results[at] = dst.type() == F32 ? y : Math.clamp(Math.rint(y / dst.params().scale())
                        + dst.params().zeroPoint(), dst.type().min(), dst.type().max());
                tolerances[at] = dst.type() == F32 ? tolerance : 1 + tolerance / dst.params().scale();
            }
        }
    }

    private static Operand operand(Draw draw, DataType type) {
        Layout layout = draw.below(2) == 0 ? Layout.TOKENS : Layout.HEADS;
        return type == F32 ? Operand.f32(layout) : new Operand(type, QuantParams.perTensor(
                0.01f + 0.01f * draw.below(3), Draw.zeroPoint(type, draw.below(4))), layout);
    }

    @TestFactory
    Stream<DynamicNode> attentions() {
        List<ContractCase> cases = new ArrayList<>();
        DataType[][] types = {{F32, F32}, {U8, F32}, {S8, U8}, {U8, S8}};
        for (int[] x : EXTENTS) {
            for (DataType[] type : types) {
                for (int kind = 0; kind < 4; kind++) {
                    String id = "attention_" + type[0] + type[1] + "-" + cases.size();
                    Draw draw = new Draw(id);
                    AttentionSpec spec = new AttentionSpec(operand(draw, type[0]), operand(draw, type[0]),
                            operand(draw, kind == 3 && type[0] != F32 ? U8 : type[0]), operand(draw, type[1]), x[3],
                            x[4], x[5], x[6], (float) (1 / Math.sqrt(x[5])), kind == 1, kind >= 2);
                    Shape maskShape = Shape.of(draw.below(2) == 0 ? x[0] : 1, draw.below(2) == 0 ? x[3] : 1,
                            draw.below(2) == 0 ? x[1] : 1, x[2]);
                    double[] mask = draw.values(F32, maskShape.elements());
                    for (int i = 0; i < mask.length; i++) {
                        mask[i] = draw.below(4) == 0 ? kind == 2 ? Double.NEGATIVE_INFINITY : -1e4 : mask[i];
                    }
                    AttentionCase real = new AttentionCase(id, spec, new Extents(x[0], x[1], x[2]),
                            draw.values(spec.q().type(), (long) x[0] * x[1] * x[3] * x[5]),
                            draw.values(spec.k().type(), (long) x[0] * x[2] * x[4] * x[5]),
                            draw.values(spec.v().type(), (long) x[0] * x[2] * x[4] * x[6]), mask, maskShape,
                            kind == 2 ? 3 : 1);
                    cases.add(real);
                    if (type[0] != F32) {
                        cases.add(real.quantized(1f / (255 << draw.below(3)), draw));
                    }
                }
            }
        }
        cases.add(tied());
        return ContractSuite.of(AttentionContractTest.class, cases);
    }

    /**
     * Rows with one key of weight 1, which gets 119.5 levels if the others, of 2^-26 to 2^-34, count for nothing, and a
     * little less if they do: that depends on which of them are added up first.
     */
    private static AttentionCase tied() {
        int rows = 200;
        int keys = 77;
        Draw draw = new Draw("attention-tied");
        Operand operand = new Operand(S8, QuantParams.perTensor(1, 0), Layout.HEADS);
        double[] mask = new double[rows * keys];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = (float) (-18.4 - draw.below(1001) / 200.0);
        }
        for (int row = 0; row < rows; row++) {
            mask[row * keys + draw.below(keys)] = 0;
        }
        AttentionSpec spec = new AttentionSpec(operand, operand, operand, Operand.f32(Layout.HEADS), 1, 1, 1, 1, 0,
                false, true).withProbabilities(QuantParams.perTensor(1 / 119.5f, 0));
        return new AttentionCase("attention-tied", spec, new Extents(1, rows, keys), draw.values(S8, rows),
                draw.values(S8, keys), draw.values(S8, keys), mask, Shape.of(1, 1, rows, keys), 1);
    }
}
