package io.tersor.contract;

import static io.tersor.tensor.DataType.F32;
import static io.tersor.tensor.DataType.S8;
import static io.tersor.tensor.DataType.U8;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tersor.OperandException;
import io.tersor.kernel.LookupSpec;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Lookups in tables on every backend, bit for bit. */
@Tag("isa-tiers")
class LookupContractTest {
    @TestFactory
    Stream<DynamicNode> lookups() {
        List<ContractCase> cases = new ArrayList<>();
        for (DataType src : new DataType[] {U8, S8}) {
            for (DataType dst : new DataType[] {U8, S8}) {
                for (Shape shape : new Shape[] {Shape.of(), Shape.of(0), Shape.of(256), Shape.of(3, 37),
                    Shape.of(2, 5, 7, 64)}) {
                    add(cases, src, dst, shape, 1);
                }
                add(cases, src, dst, Shape.of(3, 1 << 21), 3);
            }
        }
        return ContractSuite.of(LookupContractTest.class, cases);
    }

    private static void add(List<ContractCase> cases, DataType src, DataType dst, Shape shape, int threads) {
        String id = "lookup_" + src + dst + "-" + cases.size();
        Draw draw = new Draw(id);
        double[] results = draw.values(dst, LookupSpec.ENTRIES);
        double[] from = draw.values(src, shape.elements());
        byte[] table = new byte[LookupSpec.ENTRIES];
        for (int i = 0; i < table.length; i++) {
            table[i] = (byte) results[i];
        }
        double[] expected = new double[from.length];
        for (int i = 0; i < from.length; i++) {
            expected[i] = results[(int) from[i] & 0xff];
        }
        cases.add(new UnaryCase(id, LookupSpec.of(src, dst, table), shape, from, Expected.exact(expected)).on(threads));
    }

    @Test
    void otherTypesAndTablesAreRefused() {
        assertThrows(OperandException.class, () -> LookupSpec.of(F32, U8, new byte[256]));
        assertThrows(OperandException.class, () -> LookupSpec.of(U8, F32, new byte[256]));
        assertThrows(OperandException.class, () -> LookupSpec.of(U8, U8, new byte[255]));
    }
}
