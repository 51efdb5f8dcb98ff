package io.tersor.model.ops;

import io.tersor.kernel.Backend;
import io.tersor.model.Attributes;
import io.tersor.model.Node;
import io.tersor.model.TestGraphs;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Einsum, Mod, CumSum and Pad on kernels against the plain operators. */
class KernelLinesTest {
    private static Node node(String operator, Attributes attributes) {
        return Node.of("node", operator, List.of(), List.of("y"), attributes);
    }

    private static Tensor random(int seed, long... dims) {
        return TestGraphs.random(new Random(seed), 2, dims);
    }

    private static Tensor longs(long... values) {
        return Tensor.ofLongs(Arena.ofAuto(), Shape.of(values.length), values);
    }

    private static void einsum(Backend backend, String equation, String kernel, Tensor a, Tensor b) {
        PlainReference.check(node("Einsum", Attributes.NONE.with("equation", equation)), kernel, 2e-5, List.of(),
                backend, a, b);
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "VECTOR"})
    void products(Backend backend) {
        String product = "matrix_product";
        einsum(backend, "ij,jk->ik", product, random(1, 3, 5), random(2, 5, 7));
        einsum(backend, "ij,jk->ki", product, random(1, 3, 5), random(2, 5, 7));
        einsum(backend, "ji,kj->ik", product, random(1, 5, 3), random(2, 7, 5));
        einsum(backend, " bij , bkj -> bik ", product, random(1, 2, 3, 5), random(2, 2, 7, 5));
        einsum(backend, "bihd,bjhd->bhij", product, random(1, 2, 3, 4, 5), random(2, 2, 7, 4, 5));
        einsum(backend, "bhij,bjhd->bihd", product, random(1, 2, 4, 3, 7), random(2, 2, 7, 4, 5));
        einsum(backend, "abcd,efdc->eafb", product, random(1, 2, 3, 4, 5), random(2, 6, 7, 5, 4));
        einsum(backend, "i,j->ji", product, random(1, 3), random(2, 4));
        einsum(backend, "i,i->", product, random(1, 30), random(2, 30));
        einsum(backend, "bi,bi->bi", product, random(1, 3, 4), random(2, 3, 4));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "VECTOR"})
    void othersStayPlain(Backend backend) {
        String plain = "java/einsum";
        einsum(backend, "ij,jk", plain, random(1, 3, 5), random(2, 5, 7));
        einsum(backend, "...ij,...jk->...ik", plain, random(1, 2, 3, 5), random(2, 5, 7));
        einsum(backend, "ij,jk->k", plain, random(1, 3, 5), random(2, 5, 7));
        einsum(backend, "iij,jk->ik", plain, random(1, 3, 3, 5), random(2, 5, 7));
        einsum(backend, "bij,bjk->bik", plain, random(1, 2, 3, 5), random(2, 1, 5, 7));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"SCALAR", "NATIVE"})
    void remainders(Backend backend) {
        Node mod = node("Mod", Attributes.NONE.with("fmod", 1));
        Tensor x = random(1, 3, 35);
        x.set(0, Double.NEGATIVE_INFINITY);
        x.set(1, 1e30);
        PlainReference.check(mod, "fmod_broadcast_f32", 0, List.of(), backend, x, random(2, 35));
        PlainReference.check(node("Mod", Attributes.NONE), "java/mod", 0, List.of(), backend, x, random(2, 3, 1));
    }

    @ParameterizedTest
    @EnumSource(value = Backend.class, names = {"NATIVE"})
    void lines(Backend backend) {
        for (int kind = 0; kind < 4; kind++) {
            for (long axis = -3; axis < 3; axis++) {
                Attributes attributes = Attributes.NONE.with("exclusive", kind % 2).with("reverse", kind / 2);
                PlainReference.check(node("CumSum", attributes), "cumulate_f32", 0, List.of(1), backend,
                        random(1, 2, 5, 70), Tensor.ofLongs(Arena.ofAuto(), Shape.of(), axis));
            }
        }
        for (String mode : List.of("constant", "edge", "reflect", "wrap")) {
            PlainReference.check(node("Pad", Attributes.NONE.with("mode", mode)), "pad_" + mode + "_f32", 0, List.of(1),
                    backend, random(1, 2, 5, 7), longs(0, 1, -2, 0, 2, 1));
        }
        PlainReference.check(node("Pad", Attributes.NONE), "pad_constant_f32", 0, List.of(1, 2), backend,
                random(1, 2, 5, 7), longs(1, 1, 2, 0, 2, 1), Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 1.5f));
        PlainReference.check(node("Pad", Attributes.NONE), "java/pad", 0, List.of(1), backend,
                random(1, 2, 5, 7), longs(1, 1, 2, 0, 2, 1), Tensor.ofFloats(Arena.ofAuto(), Shape.of(), 1.5f));
    }
}
