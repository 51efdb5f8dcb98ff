/** Formats of weights with zeros: compressed rows, blocks, n of m, bitmasks. */
package io.tersor.sparse;
