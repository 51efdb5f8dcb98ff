/** Matrix multiplication as a workload: shapes, operands, verification, the contenders, and the machine's limits. */
package io.tersor.bench.gemm;
