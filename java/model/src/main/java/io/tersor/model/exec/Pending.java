package io.tersor.model.exec;

import io.tersor.OperandException;
import io.tersor.TersorException;
import io.tersor.kernel.Kernel;
import io.tersor.model.Node;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/** A kernel that is prepared on some thread, or already is. Thread-safe. */
final class Pending<K extends Kernel> implements Runnable {
    private final Node node;
    private final FutureTask<K> task;

    Pending(Node node, Supplier<K> preparation) {
        this.node = node;
        this.task = new FutureTask<>(preparation::get);
    }

    /** Prepares the kernel. */
    @Override
    public void run() {
        task.run();
    }

    /**
     * Returns the kernel once it is prepared.
     *
     * @throws TersorException if it could not be
     */
    K get() {
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw failure(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TersorException("interrupted while node " + node.name() + " was prepared", e);
        }
    }

    /** Returns whether the kernel could not be prepared; false while that is not known. */
    boolean hasFailed() {
        return task.state() == FutureTask.State.FAILED;
    }

    private RuntimeException failure(Throwable cause) {
        return switch (cause) {
            case OperandException operand -> Lowering.named(node, operand);
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new IllegalStateException(cause);
        };
    }

    /** Closes the kernel if there is one. */
    void close() {
        if (task.state() == FutureTask.State.SUCCESS) {
            task.resultNow().close();
        }
    }
}
