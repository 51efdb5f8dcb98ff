/**
 * The operators in plain Java, one file per family: what every network can run on, and what kernels are held
 * against.
 */
package io.tersor.model.ops;
