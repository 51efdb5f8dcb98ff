/** What people read of {@link io.tersor.bench.results results}: one page, the README's tables, charts. */
package io.tersor.bench.report;
