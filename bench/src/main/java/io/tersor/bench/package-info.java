/** Workloads, their verification and timing, and the commands {@code bench} and {@code demo}. */
package io.tersor.bench;
