/** Sparse weights as a workload: patterns of zeros, sparse kernels beside dense ones, crossovers and charts. */
package io.tersor.bench.sparse;
