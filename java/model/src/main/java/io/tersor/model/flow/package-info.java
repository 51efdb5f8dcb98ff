/** Runs what is no function from tensors to tensors of known shapes: branches, loops, sequences and optionals. */
package io.tersor.model.flow;
