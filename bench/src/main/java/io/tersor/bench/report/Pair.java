package io.tersor.bench.report;

import io.tersor.bench.results.ContenderName;
import java.util.List;

/**
 * Two contenders on the workloads of a group.
 *
 * @param own one of ours
 * @param other any other
 */
record Pair(Group group, ContenderName own, ContenderName other) {
    /** Means over other suites would be of things that cannot be compared, or have a section of their own. */
    private static final List<String> WITH_PEERS = List.of(Group.GEMM, Group.CONV, Group.NETWORKS);

    /** Returns whether it is the same contender, in INT8 and in FP32. */
    boolean isInt8OverFp32() {
        return own.name().equals(other.name()) && own.threads() == other.threads() && isInt8BesideFp32();
    }

    /** Returns whether the other is a peer that computes the same in the same types. */
    boolean isOverPeer() {
        return isBesidePeer() && own.types().equals(other.types());
    }

    /** Returns whether the other is a peer that computes in FP32 what we do in INT8. */
    boolean isOverPeersFp32() {
        return isBesidePeer() && isInt8BesideFp32();
    }

    private boolean isBesidePeer() {
        return !other.own() && own.threads() == other.threads() && WITH_PEERS.contains(group.suite());
    }

    /** Returns whether it is the same contender, on several threads and on one. */
    boolean isScaling() {
        return own.name().equals(other.name()) && own.types().equals(other.types()) && other.threads() == 1
                && own.threads() > 1;
    }

    /** Returns whether it is the same contender on a pruned INT8 network and on the one that was not pruned. */
    boolean isPrunedOverDense() {
        return own.name().equals(other.name()) && own.threads() == other.threads() && other.types().equals("INT8")
                && own.types().startsWith("INT8 ");
    }

    private boolean isInt8BesideFp32() {
        return Precision.of(own).filter(Precision.INT8::equals).isPresent()
                && Precision.of(other).filter(Precision.FP32::equals).isPresent();
    }
}
