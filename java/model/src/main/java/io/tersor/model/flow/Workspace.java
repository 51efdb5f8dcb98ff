package io.tersor.model.flow;

import io.tersor.TersorException;
import io.tersor.model.Value;
import io.tersor.model.exec.Memory;
import io.tersor.tensor.DataType;
import io.tersor.tensor.Shape;
import io.tersor.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory of one run of a program. Tensors are counted: {@link #allocate} gives one reference, {@link #retain}
 * another, {@link #release} takes one away, and memory without references is used again, so that a loop needs what two
 * of its iterations need. Tensors from elsewhere, constants and the caller's, may be retained and released without
 * effect. Used by one thread.
 */
final class Workspace implements AutoCloseable {
    private final Arena arena;
    private final long limitBytes;
    private final Map<Long, Block> blocks = new HashMap<>();
    private final Map<Long, Deque<MemorySegment>> free = new HashMap<>();
    private long liveBytes;

    private static final class Block {
        private final MemorySegment memory;
        private int references = 1;

        private Block(MemorySegment memory) {
            this.memory = memory;
        }
    }

    /**
     * @param shared whether other threads work on the tensors
     * @param limitBytes how much may be alive at once
     */
    Workspace(boolean shared, long limitBytes) {
        this.arena = shared ? Arena.ofShared() : Arena.ofConfined();
        this.limitBytes = limitBytes;
    }

    /** Returns a tensor of one reference with arbitrary elements. */
    Tensor allocate(DataType type, Shape shape) {
        long bytes = Memory.bytes(type, shape);
        long size = blockSize(bytes);
        if (size > limitBytes - liveBytes) {
            throw new TersorException("values of " + liveBytes + " bytes and another one of " + bytes + ", " + type
                    + " " + shape + ", are more than the " + limitBytes
                    + " bytes that the sizes of inputs and constants allow");
        }
        Deque<MemorySegment> idle = free.get(size);
        MemorySegment memory = idle == null || idle.isEmpty() ? Memory.allocate(arena, size) : idle.pop();
        liveBytes += size;
        blocks.put(memory.address(), new Block(memory));
        return Tensor.wrap(memory.asSlice(0, bytes), type, shape);
    }

    /** Blocks of few sizes, so that values that grow from one iteration to the next find memory to use again. */
    private static long blockSize(long bytes) {
        long least = Math.max(bytes, Tensor.ALIGNMENT_BYTES);
        long step = Math.max(Long.highestOneBit(least - 1) / 4, Tensor.ALIGNMENT_BYTES);
        return least > Long.MAX_VALUE - step ? least : (least + step - 1) / step * step;
    }

    /** Counts another reference to the tensors of a value, and returns the value. */
    <V extends Value> V retain(V value) {
        switch ((Value) value) {
            case Value.TensorValue(Tensor tensor) -> retain(tensor);
            case Value.SequenceValue(DataType _, var tensors) -> tensors.forEach(this::retain);
            case Value.OptionalValue(var inner) -> inner.ifPresent(this::retain);
        }
        return value;
    }

    /** Counts another reference to a tensor, or to the one that has the same memory under another shape. */
    Tensor retain(Tensor tensor) {
        Block block = blocks.get(tensor.data().address());
        if (block != null) {
            block.references++;
        }
        return tensor;
    }

    /** Takes a reference to the tensors of a value away. */
    void release(Value value) {
        switch (value) {
            case Value.TensorValue(Tensor tensor) -> release(tensor);
            case Value.SequenceValue(DataType _, var tensors) -> tensors.forEach(this::release);
            case Value.OptionalValue(var inner) -> inner.ifPresent(this::release);
        }
    }

    /** Takes a reference to a tensor away. */
    void release(Tensor tensor) {
        long address = tensor.data().address();
        Block block = blocks.get(address);
        if (block != null && --block.references == 0) {
            blocks.remove(address);
            liveBytes -= block.memory.byteSize();
            free.computeIfAbsent(block.memory.byteSize(), _ -> new ArrayDeque<>()).push(block.memory);
        }
    }

    /** Returns the bytes of the tensors that have references. */
    long liveBytes() {
        return liveBytes;
    }

    /** Frees all of it. */
    @Override
    public void close() {
        arena.close();
    }
}
