/**
 * The kernels in Java's Vector API. The only package that links to {@code jdk.incubator.vector}; of its classes, only
 * {@link io.tersor.backend.vector.VectorBackend} may be touched before that module is known to be there.
 *
 * <p>Matrix products follow the blocking of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication"
 * (ACM TOMS 34(3), 2008). Integers are carried as binary32: a block of k is short enough that every partial sum stays
 * within 2^24, where binary32 is exact, and blocks are added as int32.
 */
package io.tersor.backend.vector;
