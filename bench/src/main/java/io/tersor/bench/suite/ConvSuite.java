package io.tersor.bench.suite;

import io.tersor.bench.conv.ConvShape;
import io.tersor.bench.product.ProductShape;
import java.util.List;

/** Convolutions of one image. */
final class ConvSuite extends ProductSuite {
    @Override
    public String name() {
        return "conv";
    }

    @Override
    List<Plan.ProductPart> parts(Plan plan) {
        return plan.conv();
    }

    @Override
    List<? extends ProductShape> shapes(String nameOrFile) {
        return ConvShape.LISTS.read(nameOrFile);
    }
}
