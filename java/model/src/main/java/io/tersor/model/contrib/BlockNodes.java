package io.tersor.model.contrib;

import io.tersor.model.Attributes;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Optional;

/**
 * Weights of few bits with a scale, and perhaps a zero point, for each block: DequantizeLinear with blocks before the
 * real operator.
 */
final class BlockNodes {
    private static final int LEAST_BLOCK = 16;

    private BlockNodes() {}

    static void register(ContribOperators.Table table) {
        table.add("MatMulNBits", 3, BlockNodes::matMul);
        table.add("GatherBlockQuantized", 3, BlockNodes::gather);
    }

    private static DataType unsigned(Expansion node, long bits) {
        return switch ((int) bits) {
            case 2 -> DataType.U2;
            case 4 -> DataType.U4;
            case 8 -> DataType.U8;
            default -> throw node.unsupported("weights of " + bits + " bits");
        };
    }

    private static int blockSize(Expansion node, long otherwise) {
        long size = node.attributes().integer("block_size", otherwise);
        node.check(size >= LEAST_BLOCK && size <= 1 << 30 && Long.bitCount(size) == 1, "block_size",
                "a power of two from " + LEAST_BLOCK, size);
        return (int) size;
    }

    /** MatMulNBits(a, b, scales, zero points, g_idx, bias): b is [n, blocks, bytes], for columns of k elements. */
    private static void matMul(Expansion node) {
        long k = node.positive("K");
        long n = node.positive("N");
        int size = blockSize(node, 0);
        if (node.attributes().integer("weight_prepacked", 0) != 0) {
            throw node.unsupported("weights that are packed for another device");
        }
        DataType type = unsigned(node, node.attributes().integer("bits", 4));
        long blocks = Math.ceilDiv(k, size);
        Tensor weights = node.constant(1);
        long padded = Math.multiplyExact(blocks, size);
        node.check(weights.type() == DataType.U8
                && weights.byteSize() == Math.multiplyExact(n, padded) / elementsPerByte(type),
                "input 1", "u8 [" + n + ", " + blocks + ", " + size / elementsPerByte(type) + "]", weights);
        Tensor scales = node.constant(2);
        node.check(scales.type().isFloating() && scales.shape().elements() == n * blocks, "input 2",
                "[" + n + ", " + blocks + "]", scales);
        checkOrder(node, k, size);
        Tensor levels = Tensor.wrap(weights.data(), type, Shape.of(n, padded));
        Tensor grid = scales.reshape(Shape.of(n, blocks));
        Optional<Tensor> zeroPoints = node.constantIfGiven(3);
        node.check(zeroPoints.isPresent() == node.has(3), "input 3", "a constant", "a value computed at run time");
        String dense = zeroPoints.filter(given -> given.type().isFloating())
                .map(given -> shifted(node, levels, grid, given))
                .orElseGet(() -> dequantized(node, levels, grid, size,
                        zeroPoints.map(given -> unpacked(node, given, type, n, blocks))
                                .orElseGet(() -> filled(type, n, blocks))));
        String columns = padded == k ? dense : node.add("Slice", dense, node.longs(0), node.longs(k), node.longs(1));
        String matrix = node.add("Transpose", Attributes.NONE.with("perm", new long[] {1, 0}), columns);
        if (node.has(5)) {
            node.give("Add", node.add("MatMul", node.input(0), matrix), node.input(5));
        } else {
            node.give("MatMul", node.input(0), matrix);
        }
    }

    private static int elementsPerByte(DataType type) {
        return 8 / type.bits();
    }

    /** Checks that g_idx, the block of each element, tells nothing new. */
    private static void checkOrder(Expansion node, long k, int size) {
        if (!node.has(4)) {
            return;
        }
        Tensor order = node.constant(4);
        node.check(order.shape().elements() >= k, "input 4", "[" + k + "]", order);
        for (long i = 0; i < k; i++) {
            if (order.getLong(i) != i / size) {
                throw node.unsupported("elements in another order than that of their blocks");
            }
        }
    }

    private static String dequantized(Expansion node, Tensor levels, Tensor scales, int size, Tensor zeroPoints) {
        return node.add("DequantizeLinear", Attributes.NONE.with("axis", 1).with("block_size", size),
                node.constant("levels", levels), node.constant("scales", scales),
                node.constant("zeroPoints", zeroPoints));
    }

    /** Returns the default zero point, the middle of the levels, for every block. */
    private static Tensor filled(DataType type, long n, long blocks) {
        Tensor middle = Tensor.allocate(Arena.ofAuto(), type, Shape.of(n, blocks));
        for (long i = 0; i < n * blocks; i++) {
            middle.setLong(i, 1L << type.bits() - 1);
        }
        return middle;
    }

    /** Returns zero points [n, blocks] of what has whole bytes for each of the n rows. */
    private static Tensor unpacked(Expansion node, Tensor given, DataType type, long n, long blocks) {
        long bytes = Math.ceilDiv(blocks, elementsPerByte(type));
        node.check(given.type() == DataType.U8 && given.shape().elements() == n * bytes, "input 3",
                "u8 [" + n + ", " + bytes + "]", given);
        Tensor rows = Tensor.wrap(given.data(), type, Shape.of(n, bytes * elementsPerByte(type)));
        Tensor result = Tensor.allocate(Arena.ofAuto(), type, Shape.of(n, blocks));
        for (long row = 0; row < n; row++) {
            for (long i = 0; i < blocks; i++) {
                result.setLong(row * blocks + i, rows.getLong(row * rows.shape().dim(1) + i));
            }
        }
        return result;
    }

    /** Returns (level - zero point) * scale for zero points that are real numbers. */
    private static String shifted(Expansion node, Tensor levels, Tensor scales, Tensor zeroPoints) {
        long n = scales.shape().dim(0);
        long blocks = scales.shape().dim(1);
        node.check(zeroPoints.shape().elements() == n * blocks, "input 3", "[" + n + ", " + blocks + "]", zeroPoints);
        long size = levels.shape().dim(1) / blocks;
        Tensor dense = Tensor.allocate(Arena.ofAuto(), scales.type(), levels.shape());
        for (long i = 0; i < levels.shape().elements(); i++) {
            dense.set(i, (float) (levels.getLong(i) - zeroPoints.get(i / size)) * (float) scales.get(i / size));
        }
        return node.constant("dense", dense);
    }

    /**
     * GatherBlockQuantized(data, indices, scales, zero points). Where rows are chosen whose blocks lie along them, the
     * bytes are chosen first and only those rows dequantized; otherwise everything is dequantized once.
     */
    private static void gather(Expansion node) {
        Tensor data = node.constant(0);
        Tensor scales = node.constant(2);
        int rank = data.shape().rank();
        node.check(rank >= 1 && scales.shape().rank() == rank && scales.type().isFloating(), "input 2",
                "real scales of rank " + rank, scales);
        boolean bytes = data.type() == DataType.U8;
        node.check(bytes || data.type() == DataType.U4 || data.type() == DataType.S4, "input 0", "u8, u4 or s4", data);
        int size = blockSize(node, 128);
        DataType type = bytes ? unsigned(node, node.attributes().integer("bits", 4)) : data.type();
        int quantized = axis(node, "quantize_axis", 1, rank);
        int gathered = axis(node, "gather_axis", 0, rank);
        long last = Math.multiplyExact(data.shape().dim(rank - 1), bytes ? elementsPerByte(type) : 1);
        Tensor levels = Tensor.wrap(data.data(), type, data.shape().with(rank - 1, last));
        Shape blocks = levels.shape().with(quantized, Math.ceilDiv(levels.shape().dim(quantized), size));
        node.check(scales.shape().equals(blocks), "input 2", blocks, scales);
        Tensor zeroPoints = zeroPoints(node, type, bytes, blocks);
        if (rank == 2 && gathered == 0 && quantized == 1 && last % elementsPerByte(type) == 0
                && type.bits() < 8) {
            rows(node, levels, scales, zeroPoints, size);
            return;
        }
        String dense = node.add("DequantizeLinear", Attributes.NONE.with("axis", quantized).with("block_size", size),
                node.constant("levels", levels), node.constant("scales", scales),
                node.constant("zeroPoints", zeroPoints));
        node.give(0, "Gather", Attributes.NONE.with("axis", gathered), dense, node.input(1));
    }

    private static int axis(Expansion node, String attribute, long otherwise, int rank) {
        long axis = node.attributes().integer(attribute, otherwise);
        node.check(axis >= -rank && axis < rank, attribute, "-" + rank + " to " + (rank - 1), axis);
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /** Returns a zero point for each block: without any that of bytes is in the middle of the levels, others 0. */
    private static Tensor zeroPoints(Expansion node, DataType type, boolean bytes, Shape blocks) {
        Tensor result = Tensor.allocate(Arena.ofAuto(), type, blocks);
        Optional<Tensor> given = node.has(3) ? Optional.of(node.constant(3)) : Optional.empty();
        int rank = blocks.rank();
        long columns = blocks.dim(rank - 1);
        long stride = bytes ? Math.ceilDiv(columns, elementsPerByte(type)) * elementsPerByte(type) : columns;
        given.ifPresent(tensor -> node.check(tensor.type() == (bytes ? DataType.U8 : type)
                && tensor.shape().equals(blocks.with(rank - 1, bytes ? stride / elementsPerByte(type) : columns)),
                "input 3", "zero points for " + blocks + " blocks", tensor));
        Optional<Tensor> rows = given.map(tensor -> Tensor.wrap(tensor.data(), type, blocks.with(rank - 1, stride)));
        for (long i = 0; i < blocks.elements(); i++) {
            long at = i / columns * stride + i % columns;
            result.setLong(i, rows.isPresent() ? rows.get().getLong(at) : bytes ? 1L << type.bits() - 1 : 0);
        }
        return result;
    }

    /** Chooses rows of packed levels, takes them apart, and dequantizes them. */
    private static void rows(Expansion node, Tensor levels, Tensor scales, Tensor zeroPoints, int size) {
        DataType type = levels.type();
        int parts = elementsPerByte(type);
        long count = levels.shape().dim(0);
        long columns = levels.shape().dim(1);
        // A signed level is the unsigned one less half of their number, after its highest bit is turned around.
        long half = type.min() < 0 ? 1L << type.bits() - 1 : 0;
        Tensor shifted = Tensor.allocate(Arena.ofAuto(), DataType.U8, zeroPoints.shape());
        for (long i = 0; i < shifted.shape().elements(); i++) {
            shifted.setLong(i, zeroPoints.getLong(i) + half);
        }
        Tensor packed = Tensor.wrap(levels.data(), DataType.U8, Shape.of(count, columns / parts));
        Attributes first = Attributes.NONE.with("axis", 0);
        String chosen = node.add("Gather", first, node.constant("levels", packed), node.input(1));
        String[] split = new String[parts];
        for (int i = 0; i < parts; i++) {
            String low = i == 0 ? chosen : node.add("BitShift", Attributes.NONE.with("direction", "RIGHT"), chosen,
                    node.number(DataType.U8, i * type.bits()));
            String level = node.add("BitwiseAnd", low, node.number(DataType.U8, (1 << type.bits()) - 1));
            level = half == 0 ? level : node.add("BitwiseXor", level, node.number(DataType.U8, half));
            split[i] = node.add("Unsqueeze", level, node.longs(-1));
        }
        String pairs = node.add("Concat", Attributes.NONE.with("axis", -1), split);
        String shape = node.add("Concat", first, node.add("Shape", node.input(1)), node.longs(columns));
        node.give(0, "DequantizeLinear", Attributes.NONE.with("axis", -1).with("block_size", size),
                node.add("Reshape", pairs, shape),
                node.add("Gather", first, node.constant("scales", scales), node.input(1)),
                node.add("Gather", first, node.constant("zeroPoints", shifted), node.input(1)));
    }
}
