/** Passes: from a graph to an equivalent one that is smaller or faster. */
package io.tersor.model.pass;
