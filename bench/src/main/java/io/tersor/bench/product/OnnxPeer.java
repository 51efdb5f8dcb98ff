package io.tersor.bench.product;

import io.tersor.TersorException;
import io.tersor.bench.peers.OnnxSession;
import io.tersor.bench.peers.PeerIsa;
import java.lang.foreign.Arena;

/**
 * ONNX Runtime in this JVM, on products of f32 and u8s8u8, and of f32s8f32 with weights in blocks, of 8 bits or of 4; see {@link OnnxContender}.
 */
final class OnnxPeer implements ProductPeer {
    private final String name;
    private final int blockBits;

    /**
     * @param blockBits of weights in blocks: 8, the given ones, or 4
     */
    OnnxPeer(int blockBits) {
        this.name = blockBits == 8 ? OnnxSession.NAME : OnnxSession.NAME + "-" + blockBits + "bit";
        this.blockBits = blockBits;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String version() {
        return OnnxSession.version();
    }

    /** Without VNNI its sums of two products of bytes saturate at 16 bits. */
    @Override
    public RandomValues.Range weights(ProductTypes types) {
        boolean saturates = types == ProductTypes.U8S8U8 && OnnxSession.saturates();
        return saturates ? RandomValues.Range.HALF : RandomValues.Range.FULL;
    }

    /**
     * It rounds the bias of quantized products to a step of their sums, so that results may be off by half of such a
     * step, much less than a step of dst; and src to 8 bits in blocks where the weights are in blocks, see
     * {@link BlockWeights#slack}. Weights of 4 bits are compared with the product of what they stand for.
     */
    @Override
    public Verification.Check reference(ProductOperands operands, Verification.Check exact) {
        Constants constants = operands.constants();
        return switch (constants.types()) {
            case U8S8U8 -> {
                double scale = 0.5 * constants.srcParams().scale() / constants.dstParams().scale();
                yield operands.with(constants.with(channel -> scale * constants.weightsParams().scale(channel)))
                        .reference();
            }
            case F32S8F32 -> {
                try (Arena arena = Arena.ofShared()) {
                    BlockWeights weights = BlockWeights.of(arena, constants, blockBits);
                    double[] slack = weights.slack(operands.src());
                    yield operands.with(constants.ofFloats(weights.real(), channel -> slack[channel])).reference();
                }
            }
            default -> exact;
        };
    }

    @Override
    public ProductContender prepare(ProductOperands operands, int threads, int copies) {
        ProductTypes types = operands.constants().types();
        boolean gemm = operands.operation() == BenchLibrary.Operation.GEMM;
        boolean inBlocks = types == ProductTypes.F32S8F32 && gemm;
        boolean known = types == ProductTypes.F32F32F32 || types == ProductTypes.U8S8U8;
        if (blockBits == 8 ? !known && !inBlocks : !inBlocks) {
            throw new TersorException(name + ": expected " + (blockBits == 8 ? "f32, u8s8u8 or " : "")
                    + "f32s8f32 of matrices, got " + operands.operation() + " of " + types.label());
        }
        return new OnnxContender(name, PeerIsa.uncapped(name), operands, blockBits, threads, copies);
    }
}
