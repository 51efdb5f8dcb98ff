package io.tersor.bench.suite;

import io.tersor.bench.gemm.GemmShape;
import io.tersor.bench.product.ProductShape;
import java.util.List;

/** Matrix multiplications. */
final class GemmSuite extends ProductSuite {
    @Override
    public String name() {
        return "gemm";
    }

    @Override
    List<Plan.ProductPart> parts(Plan plan) {
        return plan.gemm();
    }

    @Override
    List<? extends ProductShape> shapes(String nameOrFile) {
        return GemmShape.LISTS.read(nameOrFile);
    }
}
