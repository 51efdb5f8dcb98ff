package io.tersor.kernel;

import io.tersor.OperandException;
import io.tersor.tensor.DataType;
import java.util.ArrayList;
import java.util.List;

/**
 * Any function of single elements of 8 bits: dst[i] = table[src[i]].
 *
 * @param srcType u8 or s8
 * @param dstType u8 or s8
 * @param table 256 results, of the source's bits from 0 to 255: for s8, first those of 0 to 127, then those of -128 to -1
 */
public record LookupSpec(DataType srcType, DataType dstType, List<Byte> table) implements UnarySpec {
    /** How many patterns 8 bits have. */
    public static final int ENTRIES = 256;

    /** Checks the types and copies the table. */
    public LookupSpec {
        OperandException.check(SpecChecks.isByte(srcType), "src", "u8 or s8", srcType);
        OperandException.check(SpecChecks.isByte(dstType), "dst", "u8 or s8", dstType);
        OperandException.check(table.size() == ENTRIES, "table", ENTRIES + " entries", table.size());
        table = List.copyOf(table);
    }

    /** Returns the spec for a table of bytes. */
    public static LookupSpec of(DataType srcType, DataType dstType, byte[] table) {
        List<Byte> entries = new ArrayList<>(table.length);
        for (byte entry : table) {
            entries.add(entry);
        }
        return new LookupSpec(srcType, dstType, entries);
    }

    /** Returns the table as bytes. */
    public byte[] bytes() {
        byte[] bytes = new byte[ENTRIES];
        for (int i = 0; i < ENTRIES; i++) {
            bytes[i] = table.get(i);
        }
        return bytes;
    }

    @Override
    public String name() {
        return "lookup_" + srcType + dstType;
    }

    @Override
    public String toString() {
        return name();
    }
}
