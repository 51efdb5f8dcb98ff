/**
 * Graphs and networks: an immutable {@link io.tersor.model.Graph} read from ONNX or built in code, and a
 * {@link io.tersor.model.Network} that prepares it for execution.
 */
package io.tersor.model;
