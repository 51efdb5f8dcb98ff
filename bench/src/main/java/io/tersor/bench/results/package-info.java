/** What a run of all suites has measured, as {@code results.json} keeps it; {@code docs/results.md} describes that file. */
package io.tersor.bench.results;
