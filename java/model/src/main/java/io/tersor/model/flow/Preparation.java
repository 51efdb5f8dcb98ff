package io.tersor.model.flow;

import io.tersor.model.NetworkOptions;
import io.tersor.model.pass.GraphPass;

/**
 * How the graphs of a program are prepared.
 *
 * @param whole applied to the graph of the network and of each body, before it is cut into parts
 * @param part applied to each part that an engine runs
 */
public record Preparation(GraphPass whole, GraphPass part, NetworkOptions options) {}
