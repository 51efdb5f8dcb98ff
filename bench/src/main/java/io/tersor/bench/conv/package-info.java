/** Convolution as a workload: shapes, operands, verification. */
package io.tersor.bench.conv;
