package io.tersor.bench.results;

import java.util.Optional;

/**
 * When and how it was measured.
 *
 * @param date of the start, ISO 8601 in UTC
 * @param seconds that all of it took
 * @param plan the name of what was measured: {@code quick}, {@code full}, or a file
 * @param forks JVMs in which each suite was measured, one after the other
 * @param commit of the sources, where they are under version control
 * @param modified whether these had changes besides
 */
public record Run(String date, double seconds, String plan, int forks, Optional<String> commit, boolean modified) {}
