/** What matrix multiplications and convolutions have in common as workloads: types, verification, limits, reports. */
package io.tersor.bench.product;
