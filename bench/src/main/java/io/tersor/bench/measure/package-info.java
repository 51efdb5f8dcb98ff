/** Timing: contenders that take turns, warm-up, and figures as tables show them. */
package io.tersor.bench.measure;
