package io.tersor.bench.report;

import io.tersor.bench.results.WorkloadName;

/**
 * Workloads that means are taken over.
 *
 * @param cold whether their weights come from memory
 */
record Group(String suite, boolean cold) {
    static final String GEMM = "gemm";
    static final String CONV = "conv";
    static final String SPARSE = "sparse";
    static final String NETWORKS = "networks";
    static final String CALLS = "calls";
    static final String PREPARATION = "preparation";

    static Group of(WorkloadName workload) {
        return new Group(workload.suite(), Boolean.TRUE.equals(workload.parameters().get("cold")));
    }

    /** Returns a name that can be part of a file's. */
    String id() {
        return cold ? suite + "-cold" : suite;
    }

    /** Returns a short name for the labels of charts. */
    String shortLabel() {
        return cold ? suite + " cold" : suite;
    }

    /** Returns what such workloads are called within a sentence. */
    String label() {
        String what = switch (suite) {
            case GEMM -> "matrix multiplications";
            case CONV -> "convolutions";
            case SPARSE -> "sparse products";
            case NETWORKS -> "whole networks";
            case CALLS -> "calls";
            default -> suite;
        };
        return cold ? what + " with weights from memory" : what;
    }
}
