package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;

import io.tersor.kernel.TransposeSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Transposed matrices on every backend, bit for bit. */
@Tag("isa-tiers")
class TransposeContractTest {
    private static final int[] EXTENTS = {1, 2, 3, 15, 16, 17, 31, 33, 63, 64, 65, 128, 131, 200};

    @TestFactory
    Stream<DynamicNode> matrices() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType type : new DataType[] {F32, U8, S8}) {
            for (int rows : EXTENTS) {
                String id = "transpose_" + type + "-" + cases.size();
                Draw draw = new Draw(id);
                int columns = EXTENTS[draw.below(EXTENTS.length)];
                int matrices = 1 + draw.below(3);
                cases.add(one(draw, id, type, Shape.of(matrices, rows, columns)));
                cases.add(one(draw, id + "b", type, Shape.of(matrices, columns, rows)).on(3));
            }
            cases.add(one(new Draw("empty"), "transpose-empty-" + type, type, Shape.of(2, 0, 5)));
        }
        return ContractSuite.of(TransposeContractTest.class, cases);
    }

    private static UnaryCase one(Draw draw, String id, DataType type, Shape shape) {
        double[] src = draw.values(type, shape.elements());
        if (type == F32) {
            draw.sprinkle(src, 3);
        }
        int rows = (int) shape.dim(1);
        int columns = (int) shape.dim(2);
        double[] values = new double[src.length];
        for (int i = 0; i < src.length; i++) {
            int matrix = i / (rows * columns) * rows * columns;
            values[matrix + i % columns * rows + i / columns % rows] = src[i];
        }
        return new UnaryCase(id, new TransposeSpec(type), shape, src, Expected.exact(values));
    }
}
