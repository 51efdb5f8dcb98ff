/** Compares two files of results, says what differs beyond chance, and keeps baselines of speeds over peers. */
package io.tersor.bench.compare;
