package io.tersor.bench.product;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tersor.TersorException;
import io.tersor.kernel.BackendStatus;
import io.tersor.kernel.Epilogue;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * oneDNN called from C: the same library, the same attributes as the onednn backend's, the layout of the weights that
 * oneDNN chooses for this very shape. Times are taken in C.
 */
final class OnednnContender implements ProductContender {
    private final Arena arena = Arena.ofShared();
    private final BenchLibrary library;
    private final BackendStatus.Available onednn;
    private final Tensor dst;
    private final WeightStorage storage;
    private final MemorySegment product;
    private final MemorySegment nanos;

    /**
     * @param onednn as the library's own backend has loaded it
     * @param copies of the weights, which the runs take in turn
     * @throws TersorException if oneDNN has no kernel for it
     */
    OnednnContender(BenchLibrary library, BackendStatus.Available onednn, ProductOperands operands,
            int threads, int copies) {
        this.library = library;
        this.onednn = onednn;
        this.dst = operands.newDst(arena);
        this.nanos = arena.allocate(JAVA_LONG);
        Constants constants = operands.constants();
        this.storage = WeightStorage.dense(constants.weights(), copies);
        Epilogue epilogue = operands.epilogue();
        ProductTypes types = constants.types();
        BenchLibrary.Finish finish = new BenchLibrary.Finish(floats(epilogue.multipliers()),
                floats(epilogue.offsets()), constants.srcParams().zeroPoint(), constants.dstParams().zeroPoint(),
                constants.bias().isPresent());
        try {
            this.product = library.create(onednn.origin(), threads, operands.operation(), operands.extents(),
                    new int[] {code(types.src()), code(types.weights()), code(types.dst())}, operands.src().data(),
                    constants.weights().data(), dst.data(), finish, copies);
        } catch (TersorException e) {
            arena.close();
            throw e;
        }
    }

    private MemorySegment floats(float[] values) {
        return values.length == 0 ? MemorySegment.NULL : arena.allocateFrom(JAVA_FLOAT, values);
    }

    /** Returns oneDNN's {@code dnnl_data_type_t}. */
    private static int code(DataType type) {
        return switch (type) {
            case BF16 -> 2;
            case F32 -> 3;
            case S32 -> 4;
            case S8 -> 5;
            case U8 -> 6;
            default -> throw new IllegalArgumentException("type: expected one of oneDNN's, got " + type);
        };
    }

    @Override
    public String name() {
        return OnednnPeer.NAME;
    }

    @Override
    public String kernel() {
        return OnednnPeer.NAME + "/" + library.kernel(product);
    }

    @Override
    public String isa() {
        return onednn.isa();
    }

    @Override
    public boolean isSlowToCompile() {
        return false;
    }

    @Override
    public WeightStorage storage() {
        return storage;
    }

    @Override
    public long time(int runs) {
        library.run(product, runs, nanos);
        return nanos.get(JAVA_LONG, 0);
    }

    @Override
    public Tensor result() {
        return dst;
    }

    @Override
    public void close() {
        library.destroy(product);
        arena.close();
    }
}
