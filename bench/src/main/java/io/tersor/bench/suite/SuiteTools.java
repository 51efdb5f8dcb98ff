package io.tersor.bench.suite;

import io.tersor.bench.product.BenchLibrary;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What all steps in one JVM share.
 *
 * @param library libtersor-bench, without which there are no limits and no peer in C
 * @param work a folder for files that are made once for all JVMs, such as quantized networks
 */
public record SuiteTools(Optional<BenchLibrary> library, Path work) {}
