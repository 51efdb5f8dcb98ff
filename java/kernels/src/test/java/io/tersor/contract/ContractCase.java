package io.tersor.contract;

import io.tersor.kernel.KernelSpec;
import io.tersor.kernel.Parallelism;

/** One spec with operands and the results that they must give. */
interface ContractCase {
    /** Returns a name that is unique in its suite, such as {@code u8s8u8-17}; the part before the dash is the group. */
    String id();

    /** Returns what is computed. */
    KernelSpec spec();

    /** Returns the shapes and layouts, everything that the spec does not say. */
    String operands();

    /** Returns the threads to run with: 1, or the same number as the others of its group. */
    default int threads() {
        return 1;
    }

    /** Returns whether a backend that claims the spec may refuse this one's operands. */
    default boolean mayBeRefusedLate(Candidate candidate) {
        return false;
    }

    /**
     * Prepares the kernel, runs it and compares.
     *
     * @throws io.tersor.TersorException if the kernel cannot be had or refuses the operands
     * @throws AssertionError naming the first wrong element
     */
    void run(Candidate candidate, GuardedArena arena, Parallelism parallelism);

    /** Returns the group of cases that this one is counted in. */
    default String group() {
        return id().substring(0, id().lastIndexOf('-'));
    }
}
