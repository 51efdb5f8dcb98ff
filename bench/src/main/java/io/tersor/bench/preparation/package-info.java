/** The time before the first run: from weights to a kernel, from a file to a network. */
package io.tersor.bench.preparation;
