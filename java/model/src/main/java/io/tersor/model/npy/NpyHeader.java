package io.tersor.model.npy;

import io.tersor.TersorException;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The dictionary at the head of an .npy file: element type, byte order, order of the axes and extents, as a Python
 * literal such as <code>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 4), }</code>.
 */
record NpyHeader(DataType type, ByteOrder byteOrder, boolean fortranOrder, Shape shape) {
    private static final Pattern DICTIONARY = Pattern.compile("\\s*\\{(.*)}\\s*", Pattern.DOTALL);
    private static final Pattern ENTRY = Pattern.compile(
            "\\s*(['\"])(\\w+)\\1\\s*:\\s*(?:(['\"])([^'\"]*)\\3|(True|False)|\\(([0-9L,\\s]*)\\))\\s*(?:,|$)\\s*");
    private static final Pattern DESCRIPTION = Pattern.compile("([<>=|])([a-zA-Z])([0-9]+)");

    /** Reads the literal; {@code file} is named in errors. */
    static NpyHeader parse(Path file, String text) {
        Matcher dictionary = DICTIONARY.matcher(text);
        if (!dictionary.matches()) {
            throw new NpyException(file, "an .npy header {'descr': ..., 'fortran_order': ..., 'shape': ...}",
                    shorten(text));
        }
        Optional<String> description = Optional.empty();
        Optional<Boolean> fortran = Optional.empty();
        Optional<Shape> shape = Optional.empty();
        Matcher entry = ENTRY.matcher(dictionary.group(1));
        int end = 0;
        while (end < dictionary.group(1).length() && entry.find(end) && entry.start() == end) {
            end = entry.end();
            switch (entry.group(2)) {
                case "descr" -> description = Optional.ofNullable(entry.group(4));
                case "fortran_order" -> fortran = Optional.ofNullable(entry.group(5)).map("True"::equals);
                case "shape" -> shape = Optional.ofNullable(entry.group(6)).map(dims -> shape(file, dims));
                default -> throw new NpyException(file, "header keys descr, fortran_order and shape",
                        entry.group(2));
            }
        }
        if (end != dictionary.group(1).length() || description.isEmpty() || fortran.isEmpty() || shape.isEmpty()) {
            throw new NpyException(file, "a plain array's header with descr, fortran_order and shape", shorten(text));
        }
        return described(file, description.get(), fortran.get(), shape.get());
    }

    private static Shape shape(Path file, String text) {
        try {
            String[] words = text.isBlank() ? new String[0] : text.strip().split("\\s*,\\s*");
            long[] dims = new long[words.length];
            for (int axis = 0; axis < words.length; axis++) {
                // Python 2 wrote its long integers with a suffix.
                dims[axis] = Long.parseLong(words[axis].strip().replaceFirst("L$", ""));
            }
            return Shape.of(dims);
        } catch (NumberFormatException failure) {
            throw new NpyException(file, "a shape of whole numbers", "(" + text + ")");
        } catch (TersorException failure) {
            throw new NpyException(file, failure.getMessage(), failure);
        }
    }

    private static NpyHeader described(Path file, String text, boolean fortran, Shape shape) {
        Matcher description = DESCRIPTION.matcher(text);
        Optional<DataType> type = Optional.empty();
        if (description.matches()) {
            type = type(description.group(2) + description.group(3));
        }
        if (type.isEmpty()) {
            throw new NpyException(file, "element type b1, i1 to i8, u1 to u8, f2, f4 or f8", "'" + text + "'");
        }
        ByteOrder order = switch (description.group(1)) {
            case "<" -> ByteOrder.LITTLE_ENDIAN;
            case ">" -> ByteOrder.BIG_ENDIAN;
            default -> ByteOrder.nativeOrder();
        };
        return new NpyHeader(type.get(), order, fortran, shape);
    }

    private static Optional<DataType> type(String code) {
        return Optional.ofNullable(switch (code) {
            case "b1" -> DataType.BOOL;
            case "i1" -> DataType.S8;
            case "i2" -> DataType.S16;
            case "i4" -> DataType.S32;
            case "i8" -> DataType.S64;
            case "u1" -> DataType.U8;
            case "u2" -> DataType.U16;
            case "u4" -> DataType.U32;
            case "u8" -> DataType.U64;
            case "f2" -> DataType.F16;
            case "f4" -> DataType.F32;
            case "f8" -> DataType.F64;
            default -> null;
        });
    }

    /** Returns NumPy's letter and size for a type; empty for those that NumPy has no name for. */
    private static Optional<String> code(DataType type) {
        return Optional.ofNullable(switch (type) {
            case BOOL -> "b1";
            case S8 -> "i1";
            case S16 -> "i2";
            case S32 -> "i4";
            case S64 -> "i8";
            case U8 -> "u1";
            case U16 -> "u2";
            case U32 -> "u4";
            case U64 -> "u8";
            case F16 -> "f2";
            case F32 -> "f4";
            case F64 -> "f8";
            case BF16, F8E4M3FN, F8E4M3FNUZ, F8E5M2, F8E5M2FNUZ, F8E8M0, F6E2M3, F6E3M2, F4E2M1, S4, U4, S2, U2 -> null;
        });
    }

    /** Returns the literal for an array in C order and this machine's byte order. */
    static String format(Path file, DataType type, Shape shape) {
        String code = code(type).orElseThrow(() -> new NpyException(file, "NumPy has no element type " + type
                + "; cast the tensor to " + (type.isFloating() ? DataType.F32 : DataType.S8) + " first"));
        String order = type.bits() == 8 ? "|" : ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? "<" : ">";
        StringBuilder dims = new StringBuilder();
        for (long dim : shape.dims()) {
            dims.append(dims.isEmpty() ? "" : " ").append(dim).append(',');
        }
        if (shape.rank() > 1) {
            dims.setLength(dims.length() - 1);
        }
        return "{'descr': '" + order + code + "', 'fortran_order': False, 'shape': (" + dims + "), }";
    }

    private static String shorten(String text) {
        String line = text.strip().replaceAll("[\\p{Cntrl}\\s]+", " ");
        return line.length() <= 120 ? line : line.substring(0, 117) + "...";
    }
}
